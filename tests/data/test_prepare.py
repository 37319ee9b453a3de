"""Task, split and fitted preprocessing: what the network receives of a table."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from backlight.data import Augmentation, Prepared, Preprocessing, from_arrays, prepare, read
from backlight.records import ArrayInputs, ImageInputs, TableInputs, Task
from backlight.records.config import DataConfig

RNG = np.random.default_rng(0)


def prepared(frame: object, **options: object) -> Prepared:
    return prepare(read(frame), DataConfig(**options), seed=options.get("seed", 0))  # type: ignore[arg-type]


def table(n: int = 200, **columns: object) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame({"x": rng.normal(size=n), **columns, "t": rng.normal(size=n)}, strict=False)


def feature_kinds(result: Prepared) -> dict[str, str]:
    assert isinstance(result.inputs, TableInputs)
    return {feature.name: feature.kind for feature in result.inputs.features}


def values_of(result: Prepared, name: str) -> np.ndarray:
    return result.train.x[:, list(feature_kinds(result)).index(name)]


# -- task --


@pytest.mark.parametrize(
    ("target", "kind", "classes"),
    [
        (["no", "yes"] * 30, "binary", ("no", "yes")),
        ([True, False] * 30, "binary", (False, True)),
        ([1, 2, 3] * 20, "multiclass", (1, 2, 3)),
        ([0.0, 1.0] * 30, "binary", (0.0, 1.0)),
        (["1", "2", "3"] * 20, "multiclass", ("1", "2", "3")),
        (list(range(60)), "regression", ()),
        ([i / 7 for i in range(60)], "regression", ()),
    ],
)
def test_task_follows_from_the_target_and_labels_stay_the_users_own(target: list, kind: str, classes: tuple) -> None:
    task = prepared(table(60).with_columns(pl.Series("t", target)), target="t").task
    assert (task.kind, task.classes) == (kind, classes)
    assert [type(label) for label in task.classes] == [type(label) for label in classes]
    assert "'t'" in task.reason


def test_task_as_asked_for() -> None:
    frame = table(60).with_columns(pl.Series("t", [1, 2, 3] * 20))
    assert prepared(frame, target="t", task="regression").task == Task("regression", "t", reason="As asked for.")
    assert prepared(table(60), target="t", task="regression").task.kind == "regression"
    words = table(60).with_columns(pl.Series("t", ["no", "yes"] * 30))
    told = prepared(words, target="t", task="binary").task  # as run.toml names it, where nobody asked
    assert told == prepared(words, target="t").task


def test_target_is_guessed_from_its_name_and_said_aloud() -> None:
    result = prepared(table(60).rename({"t": "Label"}))
    assert result.task.target == "Label"
    assert any("No target was named" in note for note in result.notes)


def test_regression_target_is_standardised_and_comes_back() -> None:
    frame = table(300).with_columns(t=pl.col("t") * 1000 + 5e6)
    result = prepared(frame, target="t")
    assert abs(result.train.y.mean()) < 1e-3
    assert abs(result.train.y.std() - 1) < 1e-3
    restored = result.preprocessing.restore_target(result.test.y)
    assert np.allclose(restored, frame["t"].to_numpy()[result.test.rows], rtol=1e-6)


def test_class_codes_come_back_as_labels() -> None:
    frame = table(60).with_columns(pl.Series("t", ["c", "a", "b"] * 20))
    result = prepared(frame, target="t")
    assert result.train.y.dtype == np.int64
    assert result.preprocessing.restore_target(result.test.y).tolist() == frame["t"].gather(result.test.rows).to_list()


# -- split --


def parts(result: Prepared) -> list[set[int]]:
    return [set(part.rows.tolist()) for part in (result.train, result.validation, result.test)]


def test_split_covers_all_rows_once_and_depends_on_the_seed_alone() -> None:
    frame = table(1000)
    result = prepared(frame, target="t")
    train, validation, test = parts(result)
    assert len(train) + len(validation) + len(test) == 1000 == len(train | validation | test)
    assert (len(test), len(validation)) == (200, 120)
    assert parts(prepared(frame, target="t")) == parts(result)
    assert parts(prepare(read(frame), DataConfig(target="t"), seed=1)) != parts(result)


def test_classes_keep_their_shares_and_every_class_is_trained_on() -> None:
    labels = ["common"] * 800 + ["rare"] * 195 + ["pair"] * 2 + ["single", "other", "third"]
    result = prepared(table(1000).with_columns(pl.Series("t", labels)), target="t")
    code = result.task.classes.index("rare")
    for part in (result.train, result.validation, result.test):
        assert abs((part.y == code).mean() - 0.195) < 0.01
    assert set(result.train.y.tolist()) == set(range(6))


def test_validation_is_capped() -> None:
    result = prepared(table(100_000), target="t")
    assert len(result.validation.rows) == 10_000


def test_no_test_and_no_validation() -> None:
    result = prepared(table(), target="t", test_fraction=0, validation_fraction=0)
    assert (len(result.train.rows), len(result.validation.rows), len(result.test.rows)) == (200, 0, 0)


def test_groups_stay_together() -> None:
    groups = RNG.integers(0, 30, 300)
    result = prepared(table(300, person=[f"p{g}" for g in groups]), target="t", group="person")
    found = [set(groups[part.rows]) for part in (result.train, result.validation, result.test)]
    assert all(found)
    assert sum(map(len, found)) == len(set(groups))
    assert "person" not in feature_kinds(result)


def test_time_orders_the_split() -> None:
    order = RNG.permutation(300)
    days = [datetime(2020, 1, 1) + timedelta(days=int(d)) for d in order]
    for column in (days, [f"{day:%d.%m.%Y}" for day in days], order.tolist()):
        result = prepared(table(300, when=column), target="t", time="when")
        train, validation, test = (order[part.rows] for part in (result.train, result.validation, result.test))
        assert train.max() < validation.min() <= validation.max() < test.min()
        assert len(test) == 60
        assert not any("elapsed" in name for name in feature_kinds(result))


def test_given_split_is_respected() -> None:
    dataset = from_arrays(RNG.random((100, 3)), RNG.random(100))
    given = np.array(["train"] * 70 + ["test"] * 30)
    result = prepare(type(dataset)(**{**vars(dataset), "given_split": given}), DataConfig(), seed=0)
    assert result.test.rows.tolist() == list(range(70, 100))
    assert len(result.validation.rows) == round(0.15 * 70)
    assert "source names" in result.split


def test_rows_in_time_split_at_random_are_remarked() -> None:
    hours = pl.datetime_range(datetime(2020, 1, 1), datetime(2020, 2, 1), "1h", eager=True)
    frame = table(len(hours), when=hours)
    assert any("--time when" in note for note in prepared(frame, target="t").notes)
    assert not any("--time" in note for note in prepared(frame, target="t", time="when").notes)
    joined = table(
        len(hours), number=range(len(hours)), year=hours.dt.year(), month=hours.dt.month(), day=hours.dt.day()
    )
    assert any("--time number" in note for note in prepared(joined, target="t").notes)


def test_copies_on_both_sides_of_the_split_are_remarked() -> None:
    frame = table(100)
    assert any("equal a training row" in note for note in prepared(pl.concat([frame, frame]), target="t").notes)
    assert not any("equal a training row" in note for note in prepared(frame, target="t").notes)


# -- columns --


def test_what_becomes_of_each_column() -> None:
    n = 200
    result = prepared(
        table(
            n,
            counter=range(1, n + 1),
            shuffled=RNG.permutation(n),
            customer_id=RNG.choice(10**6, n, replace=False),
            code=[f"{v:032x}" for v in range(n)],
            prose=[f"the quick brown fox number {v} jumps over it" for v in range(n)],
            flag=[True, False] * (n // 2),
            zero_one=[0, 1] * (n // 2),
            hole=[None, 3.0, 4.0, 5.0] * (n // 4),
            kind=["a", "b", None, "c"] * (n // 4),
            month=[1 + v % 12 for v in range(n)],
            nested=[[1, 2]] * (n // 2) + [[3]] * (n // 2),
        ),
        target="t",
    )
    assert feature_kinds(result) == {
        "x": "continuous",
        "flag": "flag",
        "zero_one": "flag",
        "hole": "continuous",
        "month": "continuous",
        "hole missing": "flag",
        "kind": "discrete",
    }
    described = {column.name: column for column in result.columns}
    dropped = {name for name, column in described.items() if column.kind == "dropped"}
    assert dropped == {"counter", "shuffled", "customer_id", "code", "prose", "nested"}
    assert all(described[name].note for name in dropped)
    assert described["t"].kind == "target"
    assert described["hole"].features == ("hole", "hole missing")
    assert list(described) == ["x", *list(described)[1:-1], "t"]


def test_a_measurement_whose_values_all_differ_is_no_identifier() -> None:
    assert feature_kinds(prepared(table(), target="t")) == {"x": "continuous"}
    assert "big" in feature_kinds(prepared(table(big=RNG.integers(0, 10**9, 200)), target="t"))


def test_the_only_column_is_kept_even_if_it_counts_the_rows() -> None:
    frame = pl.DataFrame({"id": range(7, 107), "x": range(100), "same": [1] * 100, "y": np.arange(100) ** 0.5})
    result = prepared(frame, target="y")
    assert feature_kinds(result) == {"x": "continuous"}
    assert any("'x' counts the rows but was kept" in note for note in result.notes)
    assert feature_kinds(prepared(frame.drop("x"), target="y")) == {"id": "continuous"}


def test_dropped_as_asked() -> None:
    result = prepared(table(secret=RNG.random(200)), target="t", drop=("secret",))
    assert feature_kinds(result) == {"x": "continuous"}
    assert next(c for c in result.columns if c.name == "secret").note == "Left out as asked."


def test_many_dropped_columns_are_summed_up() -> None:
    result = prepared(table(**{f"c{i}": [1] * 200 for i in range(30)}), target="t")
    assert any("26 more columns were left out" in note for note in result.notes)


# -- values --


def test_robust_scaling() -> None:
    result = prepared(table(1000, heavy=np.exp(3 * RNG.normal(size=1000))), target="t")
    for name in ("x", "heavy"):
        values = values_of(result, name)
        assert np.abs(values).max() <= 3
        assert abs(np.median(values)) < 1e-6
        assert 0.8 < np.subtract(*np.quantile(values, (0.75, 0.25))) < 1.1


def test_mostly_constant_column_is_scaled_by_its_range() -> None:
    result = prepared(table(mostly=[0] * 180 + list(range(2, 22))), target="t")
    assert 0.5 < values_of(result, "mostly").max() <= 2


def test_edges_are_strictly_ascending_and_cover_the_values() -> None:
    result = prepared(table(2000, few=RNG.integers(0, 9, 2000), tied=np.maximum(RNG.normal(size=2000), 0)), target="t")
    assert isinstance(result.inputs, TableInputs)
    for feature, values in zip(result.inputs.features, result.train.x.T, strict=True):
        assert (np.diff(feature.edges) > 0).all()
        assert len(feature.edges) == (9 if feature.name == "few" else 129)
        assert feature.edges[0] == pytest.approx(values.min(), abs=1e-6)
        assert feature.edges[-1] == pytest.approx(values.max(), abs=1e-6)


def test_standard_scaling() -> None:
    values = values_of(prepared(table(1000), target="t", preprocessing="standard"), "x")
    assert abs(values.mean()) < 1e-6
    assert abs(values.std() - 1) < 1e-5


def test_no_preprocessing() -> None:
    frame = table(word=["a", "b"] * 100)
    result = prepared(frame, target="t", preprocessing="none")
    assert result.inputs == ArrayInputs((1,))
    assert np.array_equal(result.train.x[:, 0], frame["x"].to_numpy()[result.train.rows].astype(np.float32))
    assert np.allclose(result.train.y, frame["t"].to_numpy()[result.train.rows])
    assert any("'word' holds no numbers" in note for note in result.notes)


def test_missing_values() -> None:
    frame = table(hole=[None, 3.0, 4.0, 5.0] * 50)
    result = prepared(frame, target="t")
    missing = values_of(result, "hole missing").astype(bool)
    assert np.array_equal(missing, frame["hole"].is_null().to_numpy()[result.train.rows])
    assert (values_of(result, "hole")[missing] == 0).all()
    new = pl.DataFrame({"x": [None], "hole": [4.0]}, schema_overrides={"x": pl.Float64})
    assert np.isfinite(result.preprocessing.transform(read(new))).all()


def test_categories_by_frequency_with_a_place_for_the_unseen() -> None:
    words = ["often"] * 600 + ["seldom"] * 300 + [None] * 90 + ["rare"] * 2 + [f"once {i}" for i in range(8)]
    result = prepared(table(1000, word=words), target="t", test_fraction=0, validation_fraction=0)
    assert isinstance(result.inputs, TableInputs)
    assert result.inputs.features[1].size == 4
    new = read(pl.DataFrame({"x": [0.0] * 5, "word": ["often", "seldom", None, "rare", "never seen"]}))
    assert result.preprocessing.transform(new)[:, 1].tolist() == [1, 2, 3, 0, 0]


def test_categories_of_whole_numbers_are_known_in_any_type() -> None:
    result = prepared(table(kind=["1", "2", "x", "y"] * 50), target="t")
    codes = [
        result.preprocessing.transform(read(pl.DataFrame({"x": [0.0, 0.0], "kind": kind})))[:, 1].tolist()
        for kind in (["1", "2"], [1, 2], [1.0, 2.0])
    ]
    assert codes[0] == codes[1] == codes[2]
    assert 0 not in codes[0]


def test_dates_become_parts_and_elapsed_time() -> None:
    moments = [datetime(2020, 1, 1) + timedelta(hours=7 * i) for i in range(400)]
    for column, form in ((moments, None), ([f"{m:%Y-%m-%d %H:%M}" for m in moments], "%Y-%m-%d %H:%M")):
        result = prepared(table(400, when=column), target="t", test_fraction=0, validation_fraction=0)
        names = feature_kinds(result)
        assert names["when (elapsed)"] == "time"
        assert {f"when ({part})" for part in ("month", "day", "weekday", "hour")} <= set(names)
        assert np.allclose(values_of(result, "when (elapsed)"), np.linspace(0, 1, 400), atol=1e-6)
        assert result.preprocessing.dates[0].format == form


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021-02-03", 3),
        ("2021/02/03", 3),
        ("03.02.2021", 3),
        ("02/03/2021", 3),
        ("3 Feb 2021", 3),
        ("Feb 3, 2021", 3),
        ("2021-02-03T04:05:06.789Z", 3),
        ("2021-02-03 00:00:00+00:00", 3),
        ("2021-02-03T23:30:00-0100", 4),
    ],
)
def test_date_formats(text: str, day: int) -> None:
    others = [text.replace("03", "04").replace("3 ", "4 ").replace(" 3,", " 4,")] * 20
    result = prepared(table(40, when=[text] * 20 + others), target="t")
    date = result.preprocessing.dates[0]
    assert date.derive(pl.DataFrame({"when": [text]}))[0, date.parts.index("day")] == day


def test_day_before_month_where_the_rows_say_so() -> None:
    days = [f"{1 + i % 28:02}/{1 + i % 12:02}/2021" for i in range(200)]
    assert prepared(table(when=days), target="t").preprocessing.dates[0].format == "%d/%m/%Y"


def test_the_format_that_reads_most_dates_is_taken() -> None:
    days = ["07/03/2021"] * 198 + ["08/03/2021"] * 198 + ["25/03/2021"] * 4
    result = prepared(table(400, when=days), target="t", test_fraction=0, validation_fraction=0)
    assert result.preprocessing.dates[0].format == "%d/%m/%Y"
    assert not any("'when'" in note for note in result.notes)


def test_dates_that_can_be_read_either_way_are_told() -> None:
    days = [f"{1 + i % 9:02}/{1 + i % 12:02}/2021" for i in range(200)]
    assert any("%m/%d/%Y, but day and month" in note for note in prepared(table(when=days), target="t").notes)
    same = ["03/03/2021", "04/04/2021"] * 100
    assert not any("day and month" in note for note in prepared(table(when=same), target="t").notes)


def test_moments_with_a_time_zone_are_the_same_in_files_and_frames(tmp_path: Path) -> None:
    start, end = datetime(2021, 1, 1), datetime(2021, 1, 9)
    moments = pl.datetime_range(start, end, "1h", eager=True, time_zone="Europe/Berlin")
    frame = table(len(moments), when=moments)
    frame.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    results = [prepared(source, target="t", drop=("x",)) for source in (frame, tmp_path / "t.csv")]
    assert np.array_equal(*(result.train.x for result in results))


def test_year_month_day_hour_are_joined() -> None:
    moments = pl.datetime_range(datetime(2020, 2, 20), datetime(2020, 3, 10), "1h", eager=True)
    clock = moments.dt
    frame = table(len(moments), Year=clock.year(), MONTH=clock.month(), day=clock.day(), hour=clock.hour())
    result = prepared(frame, target="t", test_fraction=0, validation_fraction=0)
    name = "elapsed (Year, MONTH, day, hour)"
    assert feature_kinds(result)[name] == "time"
    assert np.allclose(values_of(result, name), np.linspace(0, 1, len(moments)), atol=1e-6)
    assert isinstance(result.inputs, TableInputs)
    assert next(f.size for f in result.inputs.features if f.name == name) == len(moments)


# -- images --


def test_tables_of_pixels_are_images() -> None:
    result = prepared("sklearn:digits")
    assert isinstance(result.inputs, ImageInputs)
    assert result.inputs.shape == (1, 8, 8)
    assert result.train.x.dtype == np.uint8
    assert result.train.x.max() == 255
    assert any("--images no" in note for note in result.notes)
    assert abs(result.train.x.mean() - result.inputs.mean[0]) < 1e-6
    single = read("sklearn:digits").take(np.array([5]))
    assert result.preprocessing.transform(single).shape == (1, 1, 8, 8)
    assert isinstance(prepared("sklearn:digits", images="no").inputs, TableInputs)
    assert isinstance(prepare(read("sklearn:digits", images="no"), DataConfig(), seed=0).inputs, TableInputs)


@pytest.mark.parametrize("order", ["planar", "interleaved"])
def test_colour_pixels_in_either_order(order: str) -> None:
    waves = np.sin(
        np.linspace(0, 5, 12)[:, None, None] + RNG.random((200, 1, 1, 3)) * 6 + np.linspace(0, 4, 12)[:, None]
    )
    images = np.rint((waves + 1) * 127)
    flat = images.transpose(0, 3, 1, 2) if order == "planar" else images
    result = prepare(from_arrays(flat.reshape(200, -1), np.arange(200) % 2), DataConfig(), seed=0)
    pixels = result.preprocessing.pixels
    assert pixels is not None
    assert pixels.order == order
    assert np.array_equal(result.train.x, images.transpose(0, 3, 1, 2)[result.train.rows])


@pytest.mark.parametrize("kind", ["unordered", "curve", "one hot"])
def test_other_square_tables_are_no_images(kind: str) -> None:
    steps = RNG.normal(size=(300, 256)).cumsum(axis=1)
    values = {
        "unordered": RNG.integers(0, 256, (300, 256)),
        "curve": np.rint(np.interp(steps, (steps.min(), steps.max()), (0, 255))),
        "one hot": np.eye(256)[RNG.integers(0, 256, 300)],
    }[kind]
    result = prepare(from_arrays(values, np.arange(300) % 2), DataConfig(), seed=0)
    assert isinstance(result.inputs, TableInputs)


def test_augmentation_suits_the_images() -> None:
    def chosen(shape: tuple[int, ...], **options: object) -> Augmentation | None:
        images = RNG.integers(0, 256, (20, *shape), dtype=np.uint8)
        return prepare(from_arrays(images, np.arange(20) % 2), DataConfig(**options), seed=0).augmentation  # type: ignore[arg-type]

    assert chosen((3, 32, 32)) == Augmentation(flip=True, shift=4)
    assert chosen((1, 28, 28)) == Augmentation(flip=False, shift=2)
    assert chosen((1, 8, 8)) is None
    assert chosen((3, 32, 32), augment="none") is None
    assert chosen((1, 8, 8), augment="crop") == Augmentation(flip=False, shift=1)


# -- keeping and applying --


@pytest.mark.parametrize("preprocessing", ["auto", "standard", "none"])
def test_preprocessing_survives_json(preprocessing: str) -> None:
    n = 60
    frame = table(
        n,
        hole=[None, 2.5, 3.5] * 20,
        kind=["a", None, "b"] * 20,
        flag=[True, False] * 30,
        when=[f"2021-01-{1 + v % 28:02}" for v in range(n)],
        year=[2000 + v % 3 for v in range(n)],
        month=[1 + v % 12 for v in range(n)],
        odd=["?!", *(f"{v / 3}" for v in range(n - 1))],
    )
    if preprocessing == "none":
        frame = frame.drop("hole", "odd")
    result = prepared(frame, target="t", preprocessing=preprocessing)
    again = Preprocessing.from_dict(json.loads(json.dumps(result.preprocessing.to_dict())))
    assert again == result.preprocessing
    assert np.array_equal(again.transform(read(frame))[result.test.rows], result.test.x)


def test_wide_tables_are_quick() -> None:
    frame = pl.DataFrame(RNG.normal(size=(100, 5000)), schema=[f"c{i}" for i in range(5000)])
    result = prepared(frame.with_columns(pl.Series("t", ["a", "b"] * 50)), target="t")
    assert result.train.x.shape[1] == 5000


def test_values_far_from_all_others_and_words_in_two_letter_cases_are_told_and_stay():
    rng = np.random.default_rng(0)
    tickets = rng.poisson(3, 300).astype(float)
    sound = rng.lognormal(3, 1, 300)
    tickets[:10] = -999
    plan = rng.choice(["Basic", "basic", "pro"], 300)
    frame = pl.DataFrame({"tickets": tickets, "fee": sound, "plan": plan, "y": rng.choice(["a", "b"], 300)})
    prepared = prepare(read(frame), DataConfig(target="y"), seed=0)
    told = " ".join(prepared.notes)
    assert "have -999 in the column 'tickets', far from all others (0 to " in told
    assert "in the column 'plan' are different categories" in told
    assert "'fee'" not in told
    assert {"tickets", "plan"} <= {column.name for column in prepared.columns if column.features}


def test_without_the_clip_inputs_lie_as_the_numbers_did_and_flags_and_words_stay() -> None:
    rng = np.random.default_rng(0)
    pay, flag = np.exp(3 * rng.normal(size=200)), rng.integers(0, 2, 200)
    result = prepared(table(pay=pay, flag=flag, word=["a", "b"] * 100), target="t")
    wide = result.preprocessing.unclipped(result.train.x)
    names = list(feature_kinds(result))
    column = wide[:, names.index("pay")]
    assert np.corrcoef(column, pay[result.train.rows])[0, 1] > 0.99999 and column.max() > 10
    kept = [names.index("flag"), names.index("word")]
    np.testing.assert_array_equal(wide[:, kept], result.train.x[:, kept])
