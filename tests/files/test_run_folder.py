"""The run folder: never one that is in use, never half a file."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from backlight import BacklightError, files


def test_two_runs_in_one_second_get_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {files.create(None, "a b/c.csv") for _ in range(3)}
    assert len(made) == 3
    assert all(path.parent == Path("runs") and path.name.startswith("a-b-c-2") for path in made)


def test_an_empty_folder_may_be_named_but_not_one_in_use(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    assert files.create(out, "x") == out
    (out / files.RUN).write_text("format = 1\n")
    with pytest.raises(BacklightError, match="already holds a run; name another folder with --out"):
        files.create(out, "x")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BacklightError, match="cannot be made"):
        files.create(tmp_path / "file" / "run", "x")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("adult.csv", "adult"),
        ("mnist10k.csv.zip", "mnist10k"),
        ("sklearn:wine", "wine"),
        ("../../etc/passwd", "etc-passwd"),
        ("äöü", "run"),
        ("a" * 99, "a" * 60),
    ],
)
def test_names_are_safe_in_a_path(name, slug):
    assert files.slug(name) == slug


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    files.write_json(path, {"a": 1})

    def fail(temporary):
        temporary.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        files.write(path, fail)
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_json_knows_no_nan_and_no_numpy(tmp_path):
    path = tmp_path / "x.json"
    files.write_json(
        path, {"a": np.float32(1.5), "b": [math.nan, math.inf], "c": np.arange(2), "d": Path("p"), 3: None}
    )
    assert json.loads(path.read_text()) == {"a": 1.5, "b": ["nan", "inf"], "c": [0, 1], "d": "p", "3": None}


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(BacklightError, match="There is no run folder"):
        files.require_run(tmp_path / "nothing")
    with pytest.raises(BacklightError, match=r"is not a run folder \(it has no run.toml\)"):
        files.require_run(tmp_path)


def test_tensors_that_do_not_fit_on_the_disk_leave_the_old_file(tmp_path):
    path = tmp_path / "model.safetensors"
    files.write_tensors(path, {"weight": torch.zeros(3)}, {"step": "7"})
    before = path.read_bytes()
    code = "import resource, sys, torch; from pathlib import Path; from backlight import files\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    code += "try:\n    files.write_tensors(Path(sys.argv[1]), {'weight': torch.zeros(10_000)})\n"
    code += "except OSError as error:\n    print(error.filename)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_key_that_a_runs_file_lacks_is_one_sentence(tmp_path):
    (tmp_path / "evaluation.json").write_text("{}")
    (tmp_path / "findings.json").write_text('[{"name": "zero-init"}]')
    with pytest.raises(BacklightError, match=r"evaluation\.json has no 'metrics'; the run folder is damaged"):
        files.read_json(tmp_path / "evaluation.json")["metrics"]
    first = files.read_json(tmp_path / "findings.json", list)[0]
    assert first["name"] == "zero-init" and first.get("layer") is None
    with pytest.raises(BacklightError, match=r"findings\.json has no 'code'"):
        first["code"]
