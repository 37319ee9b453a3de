"""Settings that were left open: what is chosen for which data, and that what was given stays."""

import pytest

from backlight.records import ArrayInputs, ImageInputs, TableInputs, Task
from backlight.records.config import TrainingConfig
from backlight.training import resolve

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


def test_a_network_of_ones_own_keeps_the_careful_rate():
    folds = TrainingConfig(ensemble=5, folds=True)
    own = resolve(folds, inputs=TABLE, task=CLASSES, rows=300, own_network=True)
    assert own.learning_rate == resolve(TrainingConfig(), inputs=TABLE, task=CLASSES, rows=300).learning_rate


def test_labels_are_smoothed_for_many_images_and_a_little_for_few_rows_of_a_table():
    def smoothing(inputs, task, rows, **given):
        return resolve(TrainingConfig(**given), inputs=inputs, task=task, rows=rows).label_smoothing

    assert smoothing(IMAGES, CLASSES, 1000) == 0
    assert smoothing(IMAGES, CLASSES, 40_000) == 0.1
    assert 0 < smoothing(TABLE, CLASSES, 300, ensemble=5, folds=True) <= 0.02
    assert smoothing(TABLE, VALUES, 300, ensemble=5, folds=True) == 0
    assert smoothing(IMAGES, CLASSES, 1000, label_smoothing=0.2) == 0.2


def test_what_was_given_stays():
    given = TrainingConfig(ensemble=5, folds=True, learning_rate=0.1, epochs=3, batch_size=7, weight_decay=0.5)
    found = resolve(given, inputs=ArrayInputs((4,)), task=CLASSES, rows=100)
    assert {name: getattr(found, name) for name in given.model_fields_set} == given.model_dump(
        include=given.model_fields_set
    )
