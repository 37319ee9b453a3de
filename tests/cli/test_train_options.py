"""The options of the command line are those of a run's settings."""

import inspect
from types import SimpleNamespace
from typing import Literal, get_args, get_origin

import pytest
import typer

from backlight.cli import options
from backlight.cli.commands.train import show_result, train
from backlight.records.config import Config
from backlight.runs.options import option_places

ELSEWHERE = {"learning_rate": "lr"}
"""Settings whose option has a shorter name."""


def option_of(annotation):
    return next(part for part in get_args(annotation) if isinstance(part, typer.models.ParameterInfo))


def settings_with_choices():
    for name, place in option_places().items():
        section = Config.model_fields[place[0]].annotation if len(place) == 2 else Config
        annotation = section.model_fields[place[-1]].annotation
        for part in (annotation, *get_args(annotation)):
            if get_origin(part) is Literal:
                yield name, get_args(part)


TRAIN = inspect.signature(train).parameters


@pytest.mark.parametrize(("name", "choices"), list(settings_with_choices()))
def test_help_names_every_choice(name, choices):
    if name not in TRAIN:
        pytest.skip(f"{name} is set in Python or run.toml alone")
    shown = option_of(TRAIN[name].annotation).help
    assert [choice for choice in choices if choice not in shown] == []


def test_every_option_of_train_is_a_setting_or_one_of_the_command():
    of_the_command = {"data", "config", "log", "out", "json"}
    settings = {ELSEWHERE.get(name, name) for name in option_places()}
    assert set(TRAIN) - of_the_command <= settings


def test_every_shared_option_is_used():
    used = {id(parameter.annotation) for parameter in TRAIN.values()}
    unused = [name for name, value in vars(options).items() if get_origin(value) and id(value) not in used]
    assert unused == ["RunFolder"]


@pytest.mark.parametrize(("stopped", "said"), [("time limit", True), ("all epochs done", False)])
def test_a_training_that_the_clock_cut_short_is_said_to_be_so(stopped, said, capsys, tmp_path):
    evaluation = {"metrics": {}, "verdict": "It is level.", "stopped": stopped}
    show_result(SimpleNamespace(evaluation=evaluation, findings=[], folder=tmp_path, interrupted=False), json=False)
    assert ("The time limit ended training before its last epoch. It is level." in capsys.readouterr().out) == said
