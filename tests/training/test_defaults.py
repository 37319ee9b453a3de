"""Settings that were left open: what is chosen for which data, and that what was given stays."""

import pytest

from backlight.records import ArrayInputs, ImageInputs, TableInputs, Task
from backlight.records.config import TrainingConfig
from backlight.training import resolve
from backlight.training.defaults import GENTLE_RATE, OWN_RATE

CLASSES, VALUES = Task("multiclass", "y", (0, 1, 2)), Task("regression", "y")
TABLE = TableInputs(())
IMAGES = ImageInputs(1, 8, 8, (0.0,), (1.0,))


def _updates(config, rows):
    return config.epochs * (rows // config.batch_size)


@pytest.mark.parametrize("rows", [10, 112, 331, 500, 1125, 2000])
def test_members_of_a_default_ensemble_take_fewer_and_larger_steps(rows):
    alone = resolve(TrainingConfig(), inputs=TABLE, task=CLASSES, rows=rows)
    member = resolve(TrainingConfig(ensemble=5, folds=True), inputs=TABLE, task=CLASSES, rows=rows)
    assert member.learning_rate > alone.learning_rate
    assert _updates(member, rows) < _updates(alone, rows) / 2
    assert member.batch_size <= rows


@pytest.mark.parametrize("inputs", [TABLE, IMAGES, ArrayInputs((9, 4))])
@pytest.mark.parametrize("rows", [100, 3000, 100_000])
def test_a_network_of_ones_own_gets_one_rate_and_a_gentle_one_where_it_was_trained_before(inputs, rows):
    def own(optimizer=None, **more):
        config = TrainingConfig(ensemble=5, folds=True, optimizer=optimizer)
        return resolve(config, inputs=inputs, task=CLASSES, rows=rows, own_network=True, **more)

    assert own().optimizer == "adamw" and own().learning_rate == OWN_RATE
    assert own(begun=True).learning_rate == GENTLE_RATE < OWN_RATE
    adam = own("adam")
    assert (adam.learning_rate, adam.weight_decay) == (OWN_RATE, 0.0)
    assert own("sgd").learning_rate > OWN_RATE


def test_labels_are_smoothed_for_many_images_and_a_little_for_few_rows_of_a_table():
    def smoothing(inputs, task, rows, **given):
        return resolve(TrainingConfig(**given), inputs=inputs, task=task, rows=rows).label_smoothing

    assert smoothing(IMAGES, CLASSES, 1000) == 0
    assert smoothing(IMAGES, CLASSES, 40_000) == 0.1
    assert 0 < smoothing(TABLE, CLASSES, 300, ensemble=5, folds=True) <= 0.02
    assert smoothing(TABLE, VALUES, 300, ensemble=5, folds=True) == 0
    assert smoothing(IMAGES, CLASSES, 1000, label_smoothing=0.2) == 0.2


@pytest.mark.parametrize("inputs", [IMAGES, ArrayInputs((1, 8, 8))])
def test_steps_on_values_of_images_do_not_grow_with_the_error(inputs):
    def rate(task, **given):
        found = resolve(TrainingConfig(**given), inputs=inputs, task=task, rows=1000)
        return found.optimizer, found.learning_rate

    assert rate(CLASSES) == ("sgd", 0.2)
    assert rate(VALUES)[0] == "adamw"
    assert rate(VALUES, optimizer="sgd")[1] < rate(CLASSES, optimizer="sgd")[1] / 10


def test_what_was_given_stays():
    given = TrainingConfig(ensemble=5, folds=True, learning_rate=0.1, epochs=3, batch_size=7, weight_decay=0.5)
    found = resolve(given, inputs=ArrayInputs((4,)), task=CLASSES, rows=100)
    assert {name: getattr(found, name) for name in given.model_fields_set} == given.model_dump(
        include=given.model_fields_set
    )
