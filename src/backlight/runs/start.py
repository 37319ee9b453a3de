"""`train`: one call from data to a finished run. What the command line does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from ..files import check_free
from . import settings
from .assembly import assemble
from .options import configure
from .proofs.treating import UNTREATED, treat_run
from .run import Run
from .stages import complete
from .sweeps.automatic_rate import mention_search
from .trackers import tracking, write_again
from .view import view


def train(
    source: Any = None,
    target: str | None = None,
    *,
    network: str | nn.Module | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    verbose: bool = True,
    observers: Sequence[Any] = (),
    log: str | None = None,
    started: float | None = None,
    **options: Any,
) -> Run:
    """Train a network on the data, score it on held-out rows, and leave a run folder with a report.

    Parameters
    ----------
    source:
        A path, `sklearn:NAME`, a pandas or polars frame, an array or a pair (X, y). May be left out with `config`.
    target:
        Column to predict.
    network:
        A line of text, a .toml file, or any `torch.nn.Module` (a copy of it is trained); chosen from the data if None.
    config:
        run.toml of an earlier run, which is then repeated; the other arguments outrank it.
    out:
        Folder of the run; `runs/NAME-TIME` if None.
    verbose:
        Show notes and epochs on stderr.
    observers:
        Further `backlight.training.Observer`s.
    log:
        tensorboard or mlflow: write the run for it while it trains. Event files go into the run's folder; MLflow takes
        its own settings (MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME).
    started:
        `time.monotonic()` from which `time_limit` counts.
    options:
        Any field of the run's settings (`backlight.Config`) by its own name, such as `epochs=20`, `seed=1`.

    Raises
    ------
    BacklightError
        The data, the network or an option cannot be used.

    Notes
    -----
    Ctrl-C ends the training early; the best network so far is kept and evaluated (`run.evaluation["stopped"]`).

    """
    module = network if isinstance(network, nn.Module) else None
    base = settings.base(config, network)
    named = {} if module is not None else {"network": network}
    chosen = configure({"target": target, **named, **options}, base)
    if out is not None:
        out = check_free(out)
    with tracking(log) as trackers:
        watching = [*([view()] if verbose else []), *observers, *trackers]
        assembly = assemble(source, chosen, network=module, observers=watching, started=started)
        if module is not None or chosen.network.description is not None:
            mention_search(assembly, chosen.training)
        for one in trackers:
            one.tell = assembly.note
        folder = complete(assembly, out)
        if chosen.treat and chosen.diagnose:
            run = treat_run(folder, assembly, network=module)
            if log is not None and (folder / UNTREATED).is_dir():
                write_again(log, folder, assembly.note)
            return run
        return Run(folder, module=assembly.module)
