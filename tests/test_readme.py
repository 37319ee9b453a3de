"""The README's commands and programs do what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backlight import __version__
from backlight.cli.app import run

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"<!-- executed by tests/test_readme.py -->\n```(sh|python)\n(.*?)```", README.read_text(), re.S)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all commands, since later ones use what earlier ones left."""
    return tmp_path_factory.mktemp("readme")


def test_the_readme_has_commands_and_a_program():
    assert len(COMMANDS) >= 5
    assert "python" in {kind for kind, _ in BLOCKS}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_works(command, folder, monkeypatch, capsys):
    program, *arguments = shlex.split(command, comments=True)
    monkeypatch.chdir(folder)
    assert (program, run(arguments)) == ("backlight", 0), capsys.readouterr().err


def test_the_program_of_that_name_is_installed():
    program = Path(sys.executable).with_name("backlight")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"backlight {__version__}\n"


@pytest.mark.parametrize("program", [text for kind, text in BLOCKS if kind == "python"])
def test_a_program_of_the_readme_works(program, folder):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_the_readme_points_to_exists():
    text = README.read_text()
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [target for target in linked if "://" not in target and not (README.parent / target).exists()]
    assert not missing
