"""`Run`: a run folder, opened. Reading one executes nothing that is in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from torch import nn

from .. import files
from ..data import Dataset, Preprocessing, labelled, read
from ..doctor import Diagnosis
from ..evaluation import Evaluation, constant_scores, evaluate
from ..network import from_json
from ..records import INTERRUPTED, BacklightError, Epoch, Finding, ImageInputs, Metric, Task
from ..records.config import Config
from ..report import write_report
from . import settings
from .diagnosis import finding_of, rediagnose
from .ensembles.ensemble import member_predictions, members_of, spread
from .ensembles.ensemble import summary as ensemble_summary
from .module import load_parameters
from .prediction import prediction_frame, predictions, raw_outputs
from .walks.walk import Walk, walk


class Run:
    """One training, opened from its folder.

    Parameters
    ----------
    path:
        The folder.
    module:
        The module itself, needed only where one was passed to `train` that network.json cannot hold.

    Raises
    ------
    BacklightError
        There is no run there, or it was written in a format that this version does not read.

    """

    def __init__(self, path: str | Path, *, module: nn.Module | None = None) -> None:
        self.folder = files.require_run(path)
        facts = settings.facts(self.folder / files.RUN)
        self.config: Config = settings.settings_of(facts, self.folder / files.RUN)
        self.custom_network: str | None = facts.get("custom_network")
        self._given = module

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """The content of evaluation.json."""
        return files.read_json(self.folder / files.EVALUATION)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended its training, or the proof of its treatments."""
        proof = self.folder / files.PROOF
        ended = [self.evaluation["stopped"], files.read_json(proof).get("stopped") if proof.exists() else None]
        return INTERRUPTED in ended

    @property
    def metrics(self) -> dict[str, Metric]:
        """Scores on the held-out rows with their 95 % intervals."""
        return {name: Metric(**values) for name, values in self.evaluation["metrics"].items()}

    @cached_property
    def history(self) -> tuple[Epoch, ...]:
        """The rows of history.csv."""
        return files.read_history(self.folder / files.HISTORY)

    @property
    def findings(self) -> list[Finding]:
        """What the doctor found, most important first; empty where nothing was looked for."""
        path = self.folder / files.FINDINGS
        return [finding_of(values) for values in files.read_json(path, list)] if path.exists() else []

    def diagnose(self) -> Diagnosis:
        """Findings and what was ruled out, by the rules of this version, from the files of the folder."""
        return rediagnose(self.folder)

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """As fitted on the training rows."""
        return Preprocessing.from_dict(files.read_json(self.folder / files.PREPROCESSING))

    @property
    def task(self) -> Task:
        """What was learned."""
        return self.preprocessing.task

    @cached_property
    def module(self) -> nn.Module:
        """The network with its best parameters."""
        path = self.folder / files.MODEL
        if not path.exists():
            raise BacklightError(f"{self.folder} has no trained network yet; `backlight resume {self.folder}` goes on.")
        module = self._given if self._given is not None else self._rebuilt()
        load_parameters(module, path)
        return module.eval()

    def _rebuilt(self) -> nn.Module:
        if self.custom_network is not None and not (self.folder / files.NETWORK).exists():
            raise BacklightError(
                f"The network of {self.folder} is the module {self.custom_network}, passed in Python: "
                "open it with Run(folder, module=…)."
            )
        return from_json(files.read_json(self.folder / files.NETWORK))

    def predict_proba(self, data: Any) -> np.ndarray:
        """Probability of every class (n, classes), in the order of `task.classes`; values (n,) for a regression."""
        return self._predictions(self.read(data))

    def predict(self, data: Any, *, keep: Sequence[str] = ()) -> pl.DataFrame:
        """Predict rows, in their order.

        Columns: those of the data that are to be kept, by which rows can be told apart; for a set of images `file`,
        since those that are broken are left out; `prediction`, in the user's own labels or units; for classes also
        `probability_CLASS` each; for an ensemble `spread`, the standard deviation between its members: of their
        values, or of their probabilities of the class that is predicted.
        """
        dataset = self.read(data)
        kept = [dataset.column(name, "--id") for name in dict.fromkeys(keep)]
        frame = prediction_frame(self.task, self._predictions(dataset))
        if len(members_of(self.module)) > 1:
            frame = frame.with_columns(pl.Series("spread", self.spread(dataset)))
        if dataset.images is not None and "file" in dataset.frame.columns and "file" not in keep:
            kept.insert(0, dataset.frame["file"])
        twice = next((column.name for column in kept if column.name in frame.columns), None)
        if twice is not None:
            raise BacklightError(
                f"The predictions have a column {twice!r} of their own; give that of --id another name."
            )
        return pl.DataFrame([*kept, *frame.iter_columns()])

    def spread(self, data: Any) -> np.ndarray:
        """How far the members of an ensemble disagree about each row (n,): the standard deviation between them.

        Of their values, in the target's units; for classes of the probability of the class that is predicted. 0 for a
        single network.
        """
        x = self.preprocessing.transform(self.read(data))
        place, flips = self.config.training.device, self.evaluation.get("flips", False)
        restore = self.preprocessing.restore_target
        return spread(self.task, member_predictions(self.module, self.task, x, restore, device=place, flips=flips))

    def evaluate(self, data: Any) -> Evaluation:
        """Scores on other rows, beside those of the constant of the training; rows without a target are left out."""
        dataset = self.read(data, with_target=True)
        truth = self.preprocessing.encode_target(dataset)
        if not self.task.classes:
            truth = self.preprocessing.restore_target(truth)
        scores = evaluate(self.task, truth, self._predictions(dataset), seed=self.config.seed)
        return replace(scores, baseline=constant_scores(self.task, truth, self.evaluation["constant"]))

    def walk(self, row: int, data: Any = None, *, member: int = 1, all_singular_values: bool = False) -> Walk:
        """The way of one example through the network and back: x(i), v(i), gradients and Jacobians, layer by layer.

        row: counted from 0, in the data of the training or in `data`. member: which network of an ensemble, from 1.
        all_singular_values: of large Jacobians, too, which can take minutes for a layer; else some seconds are spent
        on them in all.
        """
        return walk(self, row, data, member=member, all_singular_values=all_singular_values)

    def report(self) -> Path:
        """Write report.html again from the files of the folder."""
        return write_report(self.folder)

    def summary(self, evaluation: Evaluation | None = None) -> dict[str, Any]:
        """What `--json` answers: the run's own scores, or those of an evaluation on other rows."""
        kept = self.evaluation
        scores = {name: kept[name] for name in ("metrics", "baseline", "linear", "verdict")}
        rows = dict(kept["rows"])
        ensemble = ensemble_summary(self.folder)  # which tells the best epoch of each member
        if evaluation is not None:
            scores = {"metrics": evaluation.to_dict()["metrics"], "baseline": evaluation.baseline, "linear": {}}
            rows["test"] = evaluation.held_out
        return {
            "run": str(self.folder),
            "task": kept["task"]["kind"],
            "target": kept["task"]["target"],
            "rows": rows,
            "epochs": kept["epochs"],
            "best_epoch": None if ensemble else kept["best_epoch"],
            "stopped": kept["stopped"],
            "seconds": kept["seconds"],
            "ensemble": ensemble,
            **scores,
            "findings": files.read_json(self.folder / files.FINDINGS, list) if self.findings else [],
        }

    def read(self, data: Any, *, with_target: bool = False) -> Dataset:
        """The rows as this run reads them, for `predict` and `evaluate`; `notes` says what was left out.

        with_target: only the rows that have one.
        """
        if not isinstance(data, Dataset):
            inputs = self.preprocessing.inputs
            shape = (inputs.channels, inputs.height, inputs.width) if isinstance(inputs, ImageInputs) else None
            known = self.preprocessing.numerals
            data = read(data, images=self.config.data.images, image_shape=shape, numerals=known)
            data = replace(data, notes=(*data.notes, *self.preprocessing.unknown_words(data)))
        return labelled(data, self.task.target, self.task.kind)[0] if with_target else data

    def read_again(self, data: Any = None) -> Dataset:
        """The rows of `data`, or those that the run was made from; refused where these were passed in memory."""
        source = self.config.data.source if data is None else data
        if source is None:
            raise BacklightError(f"The data of {self.folder} was passed in memory; give the rows again, with --data.")
        return self.read(source)

    def _predictions(self, dataset: Dataset) -> np.ndarray:
        x = self.preprocessing.transform(dataset)
        outputs = raw_outputs(
            self.module, x, device=self.config.training.device, flips=self.evaluation.get("flips", False)
        )
        if not np.isfinite(outputs).all():
            raise BacklightError(
                f"The network of {self.folder} gives no finite numbers: its training diverged; train it again with a "
                "lower learning rate."
            )
        return predictions(self.task, outputs, self.preprocessing.restore_target)


def save_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format that the file's name asks for.

    Raises:
        BacklightError: an unknown ending, or a file that cannot be written.

    """
    check_frame_name(path)
    try:
        files.write(path, lambda temporary: _WRITERS[path.suffix.lower()](frame, temporary))
    except OSError as error:
        raise BacklightError(f"{path} cannot be written: {error.strerror}.") from error


def check_frame_name(path: Path) -> None:
    """Refuse a file that no frame can be written to, before anything is predicted."""
    if path.suffix.lower() not in _WRITERS:
        raise BacklightError(f"{path} has no ending that says its format; use one of {', '.join(_WRITERS)}.")
    if not path.parent.is_dir():
        raise BacklightError(f"{path} cannot be written: there is no folder {path.parent}.")


_WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".csv": pl.DataFrame.write_csv,
    ".tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    ".parquet": pl.DataFrame.write_parquet,
    ".feather": pl.DataFrame.write_ipc,
    ".arrow": pl.DataFrame.write_ipc,
    ".json": pl.DataFrame.write_json,
}
