"""The README's commands and programs do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"<!-- executed by tests/test_readme.py -->\n```(sh|python)\n(.*?)```", README.read_text(), re.S)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all commands, since later ones use what earlier ones left."""
    return tmp_path_factory.mktemp("readme")


def run(arguments, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        arguments, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


def test_the_readme_has_commands_and_a_program():
    assert len(COMMANDS) >= 5
    assert "python" in {kind for kind, _ in BLOCKS}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_works(command, folder):
    done = run(["bash", "-c", command], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", [text for kind, text in BLOCKS if kind == "python"])
def test_a_program_of_the_readme_works(program, folder):
    done = run([sys.executable, "-W", "error", "-c", program], folder)
    assert done.returncode == 0, done.stderr


def test_what_the_readme_points_to_exists():
    text = README.read_text()
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [target for target in linked if "://" not in target and not (README.parent / target).exists()]
    assert not missing
