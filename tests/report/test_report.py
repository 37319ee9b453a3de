"""The page tells the facts of the run, needs nothing but itself, and leaves out what the folder lacks."""

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from backlight.records import BacklightError
from backlight.report import write_report


class Page(HTMLParser):
    """Text, ids and references of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text, self.ids, self.references, self.open = "", Counter(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids[value] += 1
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                self.references.append(value)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self.open[-1:]:
            self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.replace("\u202f", " ").split())


@pytest.fixture(scope="module", params=["binary_run", "image_run", "regression_run"])
def any_report(request: pytest.FixtureRequest) -> Path:
    return write_report(request.getfixturevalue(request.param))


def test_a_binary_run_tells_its_facts(binary_run):
    page = Page(write_report(binary_run))
    accuracy = json.loads((binary_run / "evaluation.json").read_text())["metrics"]["accuracy"]["value"]
    for fact in (
        f"Predicts diagnosis (2 classes) of cancer.csv: right for {accuracy * 100:.1f} %",
        "of 169 held-out rows",
        "Always saying 'benign' is right for",
        "a linear model for",
        "Not yet.",
        "Dead units",
        "gave zero for every one of <4,000> rows",
        "Lower the learning rate.",
        "it helped: with it, the log-loss is 0.021 lower",
        "−0.030 to −0.012, 3 seeds",
        "exploding gradient",
        "ROC-AUC",
        "kept: epoch 11",
        "St <Mary>",
        "1995",
        "2,049 parameters in all",
        "standardised",
        "3 columns were dropped.",
        "Norm of the parameter gradient",
        "backlight train data/cancer.csv --config",
        "backlight explain U101",
    ):
        assert fact in page.words, fact


def test_a_multiclass_image_run_shows_the_images_and_the_confusions(image_run):
    path = write_report(image_run)
    page = Page(path)
    assert "Predicts digit (10 classes) of sklearn:digits" in page.words
    assert "Most often confused" in page.words
    assert "1 illness looked for, none found" in page.words
    assert path.read_text(encoding="utf-8").count('<img src="data:image/png;base64,') == 12


def test_what_could_not_be_looked_at_does_not_count_as_looked_for(image_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(image_run, folder)
    rows = json.loads((folder / "considered.json").read_text())
    rows += [{"name": "metric-mismatch", "reason": "nothing is known of metrics", "kind": "unknown"}]
    (folder / "considered.json").write_text(json.dumps(rows))
    words = Page(write_report(folder)).words
    assert "1 illness looked for, none found" in words
    assert "What else was considered: 1 looked for and ruled out, 1 not to be looked at here" in words


def test_the_pixels_of_a_table_are_one_line(image_run, tmp_path):
    folder = tmp_path / "pixels"
    shutil.copytree(image_run, folder)
    found = json.loads((folder / "evaluation.json").read_text())
    found["columns"] = [{"name": "digit", "kind": "target", "missing": 0, "distinct": 10}] + [
        {"name": f"pixel{i}", "kind": "pixel", "missing": 0, "distinct": 1 + i} for i in range(64)
    ]
    (folder / "evaluation.json").write_text(json.dumps(found))
    words = Page(write_report(folder)).words
    assert "pixel0 to pixel63" in words and "64 pixels of a picture" in words
    assert words.count("pixel0") == 1 and "pixel31" not in words


def test_a_regression_run_speaks_in_the_targets_units(regression_run):
    page = Page(write_report(regression_run))
    assert re.search(r"Predicts progression of diabetes.csv: off by \d+(\.\d)? \(", page.words)
    assert "Always saying the training mean (149.1) is off by" in page.words
    assert "Half of the predictions lie between" in page.words
    assert "R²" in page.words
    assert "predicted progression" in page.words


def test_nothing_leaves_the_page(any_report):
    page = Page(any_report)
    assert [link for link in page.references if not link.startswith(("data:", "#"))] == []
    text = any_report.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text


def test_headings_go_down_one_step_at_a_time_and_figures_say_what_they_show(any_report):
    text = any_report.read_text(encoding="utf-8")
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    labels = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', text)
    assert len(labels) == text.count("<svg ")
    assert all(len(label.split()) > 1 for label in labels), labels
    assert all(re.search(r'alt="[^"]+"', image) for image in re.findall(r"<img [^>]*>", text))


def test_ids_are_unique_and_every_reference_finds_its_own(any_report):
    page = Page(any_report)
    assert [name for name, count in page.ids.items() if count > 1] == []
    text = any_report.read_text(encoding="utf-8")
    wanted = {link[1:] for link in page.references if link.startswith("#")} | set(re.findall(r"url\(#([^)]+)\)", text))
    assert wanted
    assert wanted <= set(page.ids)


def test_colours_of_figures_follow_the_page(any_report):
    figures = re.findall(r"<svg class=.*?</svg>", any_report.read_text(encoding="utf-8"), flags=re.S)
    assert figures
    for figure in figures:
        assert "var(--figure-" in figure
        assert set(re.findall(r"#[0-9a-f]{6}", figure)) == set()


@pytest.mark.parametrize(
    "missing", ["run.toml", "history.csv", "evaluation.json", "findings.json", "considered.json", "signals.parquet"]
)
def test_a_missing_file_leaves_its_part_out(binary_run, tmp_path, missing):
    folder = tmp_path / "run"
    shutil.copytree(binary_run, folder)
    (folder / missing).unlink()
    page = Page(write_report(folder))
    headings = {"history.csv": "How did it learn?", "signals.parquet": "What the layers did while it learned"}
    assert headings.get(missing, "–nothing–") not in page.words
    assert "Can I trust it?" in page.words


def test_someones_own_script_has_a_report(binary_run, tmp_path):
    for name in ("history.csv", "findings.json", "signals.parquet"):
        shutil.copy(binary_run / name, tmp_path)
    page = Page(write_report(tmp_path))
    assert page.words.count("31 % of the units of layer 2") == 1
    assert "How did it learn?" in page.words
    assert "How good is it?" not in page.words


def test_an_empty_folder_has_a_page(tmp_path):
    assert "neither diagnosed nor evaluated" in Page(write_report(tmp_path)).words


def test_a_network_no_better_than_a_constant_is_not_trusted(binary_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(binary_run, folder)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    for name in ("accuracy", "log_loss", "roc_auc"):
        evaluation["baseline"][name] = evaluation["metrics"][name]["value"]
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    (folder / "findings.json").write_text("[]")
    words = Page(write_report(folder)).words
    assert "Not yet." in words
    assert "cannot be told apart from always giving the same answer" in words


def test_half_a_training_that_diverged_is_drawn(tmp_path):
    (tmp_path / "history.csv").write_text(
        "epoch,step,split,loss,accuracy,error,learning_rate,seconds\n"
        "1,10,train,2.5,0.1,0.9,0.1,1\n1,10,validation,nan,,,0.1,1\n2,20,train,inf,,,0.1,2\n",
        encoding="utf-8",
    )
    assert "How did it learn?" in Page(write_report(tmp_path)).words


def test_damaged_and_absent_folders_are_named(tmp_path):
    with pytest.raises(BacklightError, match="nowhere"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "findings.json").write_text("[{", encoding="utf-8")
    with pytest.raises(BacklightError, match=r"findings\.json is damaged"):
        write_report(tmp_path)


def test_a_report_takes_the_place_of_the_last_and_leaves_no_other_file(binary_run):
    first = write_report(binary_run).read_text(encoding="utf-8")
    names = sorted(path.name for path in binary_run.iterdir())
    assert write_report(binary_run).read_text(encoding="utf-8") == first
    assert sorted(path.name for path in binary_run.iterdir()) == names


@pytest.mark.parametrize(
    ("linear", "sentence"),
    [
        ({"accuracy": 0.5, "log_loss": 9.0}, "It is clearly better than a linear model in accuracy and log-loss."),
        ({"accuracy": 0.5, "log_loss": 0.0}, "better than a linear model in accuracy, and worse in log-loss."),
        ({"accuracy": 1.1}, "A linear model is better in accuracy: use that"),
    ],
)
def test_the_network_is_held_against_the_linear_model(binary_run, tmp_path, linear, sentence):
    folder = tmp_path / "run"
    shutil.copytree(binary_run, folder)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    (folder / "evaluation.json").write_text(json.dumps(evaluation | {"linear": linear, "held_out": 40}))
    words = Page(write_report(folder)).words
    assert sentence in words
    assert "Only 40 rows were held out" in words


def test_an_illness_of_many_layers_counts_once(tmp_path):
    found = [
        {"name": "dead-units", "severity": word, "layer": str(i)} for i, word in enumerate(("note", "warning", "note"))
    ]
    (tmp_path / "findings.json").write_text(json.dumps(found))
    assert "The diagnosis found 1 warning." in Page(write_report(tmp_path)).words
