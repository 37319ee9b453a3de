"""How the rows of an estimator reach its network: through fitted preprocessing, or as they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Augmentation, Preprocessing, from_arrays, prepare
from ..records import ArrayInputs, Inputs, Task
from ..records.config import Config, TrainingConfig
from .ensembles.ensemble import choose, may_fold, pooled

Rows = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Entrance:
    """What rows pass through, at `fit` and at `predict` alike."""

    inputs: Inputs
    preprocessing: Preprocessing | None = None
    """None: rows and target reach the network as they are."""

    def rows(self, X: Any) -> np.ndarray:
        """Checked rows → x(0) of the network."""
        return X if self.preprocessing is None else self.preprocessing.transform(from_arrays(X))

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Outputs of a regression (n,) → the target's own units (n,)."""
        return values if self.preprocessing is None else self.preprocessing.restore_target(values)

    def target(self, y: np.ndarray, task: Task) -> np.ndarray:
        """Class codes or values → what the network is trained on."""
        if task.classes:
            return y
        return (y.astype(np.float64) - self.restore(np.zeros(1))[0]) / self.unit

    @property
    def unit(self) -> float:
        """Size of one standardised unit of a regression's target."""
        return float(np.diff(self.restore(np.array([0.0, 1.0])))[0])


@dataclass(frozen=True)
class Intake:
    """The rows of one `fit`."""

    entrance: Entrance
    train: Rows
    validation: Rows | None
    training: TrainingConfig
    """With the number of networks, and their folds, chosen."""
    augmentation: Augmentation | None = None

    @property
    def flips(self) -> bool:
        """Whether a prediction is the mean over an image and its mirror image."""
        return self.augmentation is not None and self.augmentation.flip


def take_in(X: Any, y: np.ndarray, task: Task, config: Config, entrance: Entrance | None, *, own: bool) -> Intake:
    """Split the rows of a `fit` and prepare them; with an `entrance` of an earlier fit, by that one.

    y: class codes (n,) or values (n,). own: whether the user gave the network.
    """
    if entrance is None and config.data.preprocessing != "none":
        return _fitted(X, y, task, config, own)
    entrance = entrance or Entrance(ArrayInputs(X.shape[1:]))
    x, y = entrance.rows(X), entrance.target(y, task)
    training = choose(config, entrance.inputs, len(y), own=True, may_fold=False)
    kept_out = int(len(y) * config.data.validation_fraction)
    if not kept_out:
        return Intake(entrance, (x, y), None, training)
    order = np.random.default_rng(config.seed).permutation(len(y))
    validation, train = np.sort(order[:kept_out]), np.sort(order[kept_out:])
    return Intake(entrance, (x[train], y[train]), (x[validation], y[validation]), training)


def _fitted(X: Any, y: np.ndarray, task: Task, config: Config, own: bool) -> Intake:
    """Preprocessing fitted on the rows that are trained on; with folds, that is all of them."""
    settings = config.data.model_copy(update={"test_fraction": 0.0, "task": task.kind})
    prepared = prepare(from_arrays(X, y), settings, seed=config.seed)
    folding = may_fold(config, None)
    training = choose(config, prepared.inputs, pooled(prepared), own=own, may_fold=folding)
    if training.folds:
        whole = settings.model_copy(update={"validation_fraction": 0.0})
        prepared = prepare(from_arrays(X, y), whole, seed=config.seed)
    validation = (prepared.validation.x, prepared.validation.y) if len(prepared.validation.rows) else None
    entrance = Entrance(prepared.inputs, prepared.preprocessing)
    return Intake(entrance, (prepared.train.x, prepared.train.y), validation, training, prepared.augmentation)
