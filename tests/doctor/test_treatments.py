"""Treatments: pure changes of the settings, each named by a diagnosis."""

import pytest

from backlight.data import from_arrays, prepare
from backlight.doctor import CannotTreatError, Case, all_diagnoses, all_treatments, treat
from backlight.network import build
from backlight.records import ArrayInputs, Finding, ImageInputs
from backlight.records.config import Config, DataConfig, NetworkConfig, TrainingConfig

TREATMENTS = all_treatments()
TABLE, PICTURES = ArrayInputs((8,)), ImageInputs(1, 12, 12, (0.0,), (1.0,))


def settings(network="64 relu, 64 relu", *, data=None, **training):
    chosen = {"epochs": 10, "batch_size": 32, "learning_rate": 0.01, "optimizer": "adamw", "schedule": "constant"}
    return Config(
        data=DataConfig(**(data or {})),
        network=NetworkConfig(description=network, init="zeros"),
        training=TrainingConfig(**(chosen | training)),
    )


def treated(name, network, **training):
    return treat(settings(network, **training), (name,), Case(rows=500, outputs=3)).network.description


def test_diagnoses_and_treatments_name_each_other():
    named = {name for rule in all_diagnoses().values() for name in rule.treatments}
    assert named == set(TREATMENTS)


@pytest.mark.parametrize("one", TREATMENTS.values(), ids=TREATMENTS)
def test_every_treatment_says_what_it_does_and_why_it_is_safe_or_not(one):
    assert one.does.endswith(".") and one.reason and not one.reason.endswith(".")


NETWORKS = [
    ("64 relu, 32", TABLE),
    ("plain, dropout 0.9, 16, norm, 16 sigmoid, dropout 0.8, 3 sigmoid", TABLE),
    ("repeat 4 (16 tanh), concat(8 relu | 8)", TABLE),
    ("16, dropout 0.2, norm, relu", TABLE),
    ("conv 8, relu, pool, conv 8 stride 2, relu, residual(conv 8, relu), global pool, 16 relu", PICTURES),
]


@pytest.mark.parametrize(("network", "inputs"), NETWORKS)
@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_leaves_what_it_is_given_and_gives_a_network_that_can_be_built(name, network, inputs):
    before = settings(network, shuffle=False)
    kept = before.model_copy(deep=True)
    try:
        after = TREATMENTS[name](before, Case(rows=500, outputs=3))
    except CannotTreatError:
        assert before == kept
        return
    assert before == kept and after != before
    build(after.network.description, inputs, 3)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("activation", "64, norm, 32, 16 tanh", "linear 64, norm, relu, linear 32, relu, linear 16, tanh"),
        ("activation", "64 relu, 2, 64 relu, 16", "linear 64, relu, linear 2, linear 64, relu, linear 16, relu"),
        ("leaky-relu", "repeat 2 (8 relu)", "repeat 2 (linear 8, leaky relu)"),
        ("normalisation", "64 relu, 64 relu", "linear 64, norm, relu, linear 64, norm, relu"),
        ("residual", "64 relu, 64 relu, 8", "linear 64, relu, residual(linear 64, relu), residual(linear 8)"),
        ("residual", "repeat 30 (64 sigmoid)", "repeat 30 (residual(linear 64, sigmoid))"),
        ("less-dropout", "64 relu, dropout 0.9", "linear 64, relu, dropout 0.2"),
        (
            "move-dropout",
            "32, dropout 0.5, norm, relu, 16, dropout 0.2, norm, relu, 8",
            "linear 32, norm, relu, linear 16, norm, relu, dropout 0.5, linear 8",
        ),
        (
            "move-dropout",
            "residual(32, dropout 0.3, norm), 16 relu",
            "residual(linear 32, norm, dropout 0.3), linear 16, relu",
        ),
        (
            "remove-dropout",
            "32, dropout 0.5, norm, relu, dropout 0.2, 8",
            "linear 32, norm, relu, dropout 0.2, linear 8",
        ),
        ("dropout", "piecewise 8, 64 relu, 64", "piecewise 8, linear 64, relu, dropout 0.5, linear 64"),
        ("input-dropout", "plain, 64 relu", "plain, dropout 0.1, linear 64, relu"),
        ("row-normalisation", "64, norm, relu", "linear 64, layer norm, relu"),
        ("wider", "2 relu", "linear 32, relu"),
        ("relu", "8 tanh; 4 sigmoid", "linear 8, relu; linear 4, relu"),
    ],
)
def test_networks_are_rewritten_word_by_word(name, before, after):
    assert treated(name, before) == after


@pytest.mark.parametrize("name", ["move-dropout", "remove-dropout"])
def test_dropout_before_a_norm_within_each_row_stays(name):
    with pytest.raises(CannotTreatError, match="no layer that this would change"):
        treated(name, "32, dropout 0.5, layer norm, relu, 16, norm, relu")


def test_small_batches_are_normalised_row_by_row():
    assert treated("normalisation", "64 relu", batch_size=4) == "linear 64, layer norm, relu"


def test_a_larger_batch_keeps_the_noise_of_a_step_and_makes_no_run_longer():
    after = TREATMENTS["batch-size"](settings(batch_size=1, learning_rate=0.001), Case(rows=640)).training
    assert (after.batch_size, after.epochs) == (16, 40) and after.learning_rate == pytest.approx(0.004)
    high = TREATMENTS["batch-size"](settings(batch_size=1), Case(rows=640)).training
    assert (high.batch_size, high.learning_rate) == (16, 0.01)
    smaller = TREATMENTS["batch-size"](settings(batch_size=600), Case(rows=640)).training
    assert (smaller.batch_size, smaller.epochs, smaller.learning_rate) == (16, 10, 0.01)


@pytest.mark.parametrize(("optimizer", "usual"), [("adamw", 0.01), ("sgd", 5e-4), ("adam", 5e-4)])
def test_a_strong_weight_decay_is_lowered_and_a_usual_one_left(optimizer, usual):
    lower = TREATMENTS["less-weight-decay"]
    assert lower(settings(optimizer=optimizer, weight_decay=1.0), Case()).training.weight_decay == usual
    with pytest.raises(CannotTreatError, match="not strong"):
        lower(settings(optimizer=optimizer, weight_decay=usual), Case())


def test_the_best_epoch_is_kept_where_the_last_one_was():
    stop = TREATMENTS["early-stop"]
    assert stop.safe and stop(settings(keep="last"), Case()).training == settings().training
    with pytest.raises(CannotTreatError, match="best epoch is kept already"):
        stop(settings(), Case())


def test_fewer_rows_get_more_epochs():
    copies = Finding("D106", "duplicate-rows", "warning", "", "", evidence={"share": 0.5})
    after = TREATMENTS["drop-duplicates"](settings(), Case(copies))
    assert (after.data.duplicates, after.training.epochs) == ("drop", 20)


def test_networks_that_answer_together_are_no_treatment_where_several_do_already():
    assert TREATMENTS["ensemble"](settings(), Case()).training.ensemble == 5
    with pytest.raises(CannotTreatError, match="already"):
        TREATMENTS["ensemble"](settings(), Case(networks=8))


def test_treatments_chain():
    changed = treat(settings("64"), ("activation", "wider", "lower-learning-rate"), Case())
    assert changed.network.description == "linear 256, relu"
    assert changed.training.learning_rate == pytest.approx(0.001)


def test_the_rate_follows_the_step_that_was_seen():
    def found(ratio):
        return Case(Finding("L702", "learning-rate-too-low", "error", "", "", evidence={"usual_update_ratio": ratio}))

    assert TREATMENTS["raise-learning-rate"](settings(), found(1e-6)).training.learning_rate == pytest.approx(10)
    assert TREATMENTS["raise-learning-rate"](settings(), found(5e-4)).training.learning_rate == pytest.approx(0.1)
    assert TREATMENTS["lower-learning-rate"](settings(), found(0.5)).training.learning_rate == pytest.approx(2e-5)


@pytest.mark.parametrize("name", [name for name, one in TREATMENTS.items() if hasattr(one.change, "__wrapped__")])
def test_a_network_passed_in_python_keeps_its_prescription(name):
    with pytest.raises(CannotTreatError, match="passed in Python"):
        TREATMENTS[name](settings(None), Case(images=True))


@pytest.mark.parametrize("name", ["lower-learning-rate", "clip"])
def test_no_step_size_mends_what_was_not_finite_before_the_first_step(name):
    def case(first_seen):
        return Case(Finding("G604", "non-finite", "error", "", "", evidence={"step": 3, "first_seen": first_seen}))

    assert TREATMENTS[name](settings(), case(2)) != settings()
    with pytest.raises(CannotTreatError, match="before the first step"):
        TREATMENTS[name](settings(), case(0))


def test_a_treatment_that_changes_nothing_says_so():
    with pytest.raises(CannotTreatError, match="already"):
        TREATMENTS["shuffle"](settings(), Case())


@pytest.mark.parametrize("one_unit", [True, False])
def test_features_of_one_unit_may_keep_their_sizes_beside_each_other(one_unit):
    case = Case(Finding("D102", "unscaled-features", "warning", "", "", evidence={"one_unit": one_unit}))
    together, raw = TREATMENTS["scale-together"], settings(data={"preprocessing": "none"})
    if one_unit:
        assert together(raw, case).data == DataConfig(preprocessing="together", target_scaling="none")
        with pytest.raises(CannotTreatError, match="scaled already"):
            together(settings(), case)
    else:
        with pytest.raises(CannotTreatError, match="not of one unit"):
            together(raw, case)


def test_frozen_parameters_of_a_network_passed_in_python_learn_where_that_is_asked_for():
    case = Case(Finding("G605", "frozen-parameters", "note", "", "", evidence={"frozen": ["0.weight"]}))
    unfreeze = TREATMENTS["unfreeze"]
    assert not unfreeze.safe and unfreeze(settings(None), case).network.frozen == "none"
    for config, one in ((settings(), case), (settings(None), Case())):
        with pytest.raises(CannotTreatError, match="no parameter is frozen"):
            unfreeze(config, one)


def test_columns_are_left_out_by_name():
    case = Case(Finding("D107", "leaking-feature", "warning", "", "", evidence={"feature": 1}), columns=("age", "tax"))
    assert not TREATMENTS["drop-leaking"].safe
    assert TREATMENTS["drop-leaking"](settings(), case).data.drop == ("tax",)


def test_repeated_rows_are_dropped_from_training_alone(rng):
    x = rng.normal(size=(100, 3)).astype("float32")
    y = (x[:, 0] > 0).astype(int)
    twice = from_arrays([*x, *x], [*y, *y])
    kept, once = (prepare(twice, DataConfig(duplicates=choice), seed=0) for choice in ("keep", "drop"))
    assert len(once.train.rows) < len(kept.train.rows)
    assert len({row.tobytes() for row in once.train.x}) == len(once.train.rows)
    assert (once.test.rows == kept.test.rows).all()
    known = {row.tobytes() for row in once.train.x}
    assert not any(row.tobytes() in known for row in once.validation.x) and len(once.validation.rows)


def test_columns_that_are_scaled_together_keep_their_sizes_beside_each_other(rng):
    x = rng.normal(size=(100, 3)) * [1.0, 10.0, 100.0] + 50
    scaled = prepare(from_arrays(x, x[:, 0]), DataConfig(preprocessing="together"), seed=0).train.x
    assert scaled.mean() == pytest.approx(0, abs=1e-3) and scaled.std() == pytest.approx(1, rel=1e-3)
    assert 5 < scaled[:, 1].std() / scaled[:, 0].std() < 15


def test_a_target_keeps_its_own_units_where_it_is_to(rng):
    data = from_arrays(rng.normal(size=(100, 3)), 1000 + 50 * rng.normal(size=100))
    plain = prepare(data, DataConfig(target_scaling="none"), seed=0)
    scaled = prepare(data, DataConfig(preprocessing="none", target_scaling="standard"), seed=0)
    assert plain.train.y.mean() > 900 and abs(scaled.train.y.mean()) < 0.1
