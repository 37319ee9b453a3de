"""The examples in docstrings do what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import backlight

ROOT = Path(backlight.__file__).parent
WITH_EXAMPLES = sorted(path for path in ROOT.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_examples_of_a_file_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed
