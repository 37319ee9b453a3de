"""The frame of the command line: quick to answer, one sentence on bad input, the right exit status."""

import subprocess
import sys

import pytest

from backlight import __version__
from backlight.cli.app import app, load_commands, run

HEAVY = {"torch", "polars", "pydantic", "matplotlib", "numpy", "sklearn", "pyarrow"}


def python(code, *arguments):
    return subprocess.run([sys.executable, *arguments, "-c", code], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("code", ["import backlight", "import backlight.cli.app as a; a.load_commands()"])
def test_nothing_heavy_is_imported_before_it_is_needed(code):
    loaded = python(f"{code}\nimport sys; print(*sys.modules)").stdout.split()
    assert not HEAVY & set(loaded)


def command_names():
    load_commands()
    return sorted(info.name or info.callback.__name__ for info in app.registered_commands)


@pytest.mark.parametrize("name", command_names())
def test_every_command_has_json_and_an_example(name, capsys):
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert f"Example:  backlight {name}" in shown


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"backlight {__version__}\n"


def test_no_command_shows_the_help(capsys):
    assert run([]) == 0
    assert "Commands" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trian", "x.csv"], "backlight: No such command 'trian'. Did you mean 'train'? See `backlight --help`."),
        (["train", "x.csv", "--epoch", "3"], "No such option: --epoch"),
        (["train", "x.csv", "--epochs", "many"], "Invalid value for '--epochs'"),
        (["report"], "Missing argument 'RUN'; see `backlight report --help`."),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments, sentence, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""


def test_ctrl_c_while_the_command_is_imported_is_one_word():
    code = "import signal, sys; from backlight.cli import main\n"
    code += "class Finder:\n    def find_spec(self, name, *_):\n        signal.raise_signal(signal.SIGINT)\n"
    code += "sys.meta_path.insert(0, Finder()); main()"
    done = subprocess.run([sys.executable, "-c", code, "runs"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nInterrupted.\n")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(28, "No space left on device", "runs/a/history.csv"),
            "runs/a/history.csv cannot be read or written: No",
        ),
        (MemoryError(), "There is not enough memory (none is left); take a smaller network"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "There is not enough memory (DefaultCPU"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "There is not enough memory (CUDA out of memory"),
    ],
)
def test_what_the_machine_lacks_is_one_sentence(error, sentence, monkeypatch, capsys):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("backlight.cli.app.app", fail)
    assert run(["runs"]) == 2
    assert capsys.readouterr().err.startswith(f"backlight: {sentence}")


def test_an_error_of_our_own_is_not_hidden(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr("backlight.cli.app.app", fail)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run(["runs"])
