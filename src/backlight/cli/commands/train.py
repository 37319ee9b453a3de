"""backlight train: from data to a trained, evaluated network with its report."""

from typing import TYPE_CHECKING

import typer

from .. import options
from ..app import INTERRUPTED, app
from ..output import print_json, print_scores, print_text, say

if TYPE_CHECKING:
    from ...runs import Run


@app.command(epilog="Example:  backlight train adult.csv --target income --time-limit 2m")
def train(
    data: options.Data = None,
    target: options.Target = None,
    task: options.Task = None,
    group: options.Group = None,
    time: options.Time = None,
    drop: options.Drop = None,
    images: options.Images = None,
    augment: options.Augment = None,
    preprocessing: options.Preprocessing = None,
    test_fraction: options.TestFraction = None,
    validation_fraction: options.ValidationFraction = None,
    network: options.Network = None,
    init: options.Init = None,
    init_seed: options.InitSeed = None,
    init_from: options.InitFrom = None,
    pretrain: options.Pretrain = None,
    epochs: options.Epochs = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    optimizer: options.Optimizer = None,
    schedule: options.Schedule = None,
    weight_decay: options.WeightDecay = None,
    label_smoothing: options.LabelSmoothing = None,
    patience: options.Patience = None,
    clip: options.Clip = None,
    accumulate: options.Accumulate = None,
    precision: options.Precision = None,
    ensemble: options.Ensemble = None,
    folds: options.Folds = None,
    device: options.Device = None,
    treat: options.Treat = None,
    seed: options.Seed = None,
    time_limit: options.TimeLimit = None,
    config: options.ConfigFile = None,
    log: options.Log = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Train a network on DATA, score it on held-out rows, and leave a run folder with a report."""
    given = dict(locals())
    for name in ("data", "target", "network", "lr", "config", "log", "out", "json"):
        del given[name]
    from ... import runs
    from .. import STARTED

    run = runs.train(
        data,
        target,
        network=network,
        config=config,
        log=log,
        out=out,
        started=STARTED,
        learning_rate=options.learning_rate(lr, automatic=True),
        **given,
    )
    show_result(run, json=json)


def show_result(run: "Run", *, json: bool) -> None:
    """Print the scores, the verdict, and where the report is; leave with 130 if training was interrupted."""
    evaluation = run.evaluation
    if json:
        print_json(run.summary())
    else:
        if evaluation["metrics"]:
            print_text("")
            print_scores(evaluation)
        print_text(f"\n{evaluation['verdict']}\nReport: {run.folder / 'report.html'}")
    for treated in (one for one in run.findings if one.verdict is not None and one.verdict.kept):
        say(f"Treated: {treated.name}, by {treated.treatment}; the run as it was is in {run.folder / 'untreated'}.")
    if evaluation.get("diverged"):
        say(f"Warning: {evaluation['verdict']}")
    if evaluation["stopped"] == "interrupted":
        say(f"Interrupted: the best network so far and its report are in {run.folder}.")
        raise typer.Exit(INTERRUPTED)
