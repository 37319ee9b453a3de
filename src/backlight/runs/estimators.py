"""The scikit-learn face: `Classifier` and `Regressor`."""

import time
from dataclasses import replace
from itertools import cycle
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d, validate_data
from torch import nn

from ..network import from_json, to_json
from ..records import BacklightError, Task, TaskKind
from ..records.config import FROM_SWEEP, Config
from ..training import Observer, Trained, resolve, train
from .checkup import Checkup, feature_names
from .ensembles.ensemble import (
    Trainees,
    alternatives,
    describe,
    join,
    kept,
    member_predictions,
    member_seeds,
    members_of,
    spread,
    train_members,
)
from .entrance import Entrance, Intake, take_in
from .module import count_outputs, loss_name, new_module, own_copy
from .options import configure
from .preconditions import check_batch_size, check_device
from .prediction import predictions, raw_outputs
from .sweeps.automatic_rate import found
from .view import closing, view

_CONFIGURED = (
    "preprocessing",
    "epochs",
    "batch_size",
    "learning_rate",
    "optimizer",
    "schedule",
    "weight_decay",
    "average",
    "ensemble",
    "device",
    "time_limit",
    "validation_fraction",
    "diagnose",
    "seed",
)
"""Parameters that are options of a run by the same name."""


class UnsuitableInputError(BacklightError, ValueError):
    """A `BacklightError` in the class that scikit-learn's tools expect of an estimator."""


class _Estimator(BaseEstimator):
    """What classification and regression share.

    Parameters
    ----------
    network:
        None: chosen from the data; a line of text; or any `torch.nn.Module`, of which a copy is trained.
    preprocessing:
        "auto" and "standard" scale numbers, encode categories and fill holes, fitted on the rows trained on.
        "none" hands float32 arrays to the network as they are.
    epochs, batch_size, learning_rate, optimizer, schedule, weight_decay:
        None: chosen from the data. `learning_rate="auto"` looks for the rate first, at about 1.5 plain trainings.
    average:
        Decay of the exponential moving average of the parameters, which predicts in their place; 0: none, None: chosen
        from the data.
    ensemble:
        Networks that are trained at once and predict together; None: 5 for a table of up to 2,000 rows where `network`
        is None, each leaving out another fifth of the rows to choose its epoch; else 1.
    validation_fraction:
        Share of the rows of `fit` that choose the best epoch; 0 trains on all rows and keeps the last.
    diagnose:
        Look for what goes wrong while training, at about three percent of its time.
    seed:
        Of everything random.
    verbose:
        Show every epoch on stderr.
    warm_start:
        A further `fit` goes on from the parameters and the preprocessing of the one before.
    device:
        auto, cpu or cuda.
    time_limit:
        For `fit`, in seconds or as in "10m".

    Attributes
    ----------
    module_:
        The trained network.
    history_:
        Rows of the training's history (`backlight.records.Epoch`).
    findings_:
        What the doctor found (`backlight.records.Finding`), most important first; empty without `diagnose`.
    learning_rate_:
        At its highest.
    n_features_in_, feature_names_in_:
        As scikit-learn defines them.
    """

    module_: nn.Module
    _entrance: Entrance

    def __init__(
        self,
        network: str | nn.Module | None = None,
        *,
        preprocessing: str = "auto",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | str | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        weight_decay: float | None = None,
        average: float | None = None,
        ensemble: int | None = None,
        validation_fraction: float = 0.15,
        diagnose: bool = True,
        seed: int = 0,
        verbose: bool = False,
        warm_start: bool = False,
        device: str = "auto",
        time_limit: float | str | None = None,
    ) -> None:
        self.network = network
        self.preprocessing = preprocessing
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.average = average
        self.ensemble = ensemble
        self.validation_fraction = validation_fraction
        self.diagnose = diagnose
        self.seed = seed
        self.verbose = verbose
        self.warm_start = warm_start
        self.device = device
        self.time_limit = time_limit

    def _train(self, X: Any, y: np.ndarray, task: Task) -> Self:
        """Train on checked rows; y holds class codes or values."""
        started = time.monotonic()
        if not isinstance(self.network, str | nn.Module | None):
            raise BacklightError(f"network = {self.network!r} is neither a line of text nor a module; give one.")
        config = configure({name: getattr(self, name) for name in _CONFIGURED})
        check_device(config.training)
        again = self.warm_start and hasattr(self, "module_")
        try:
            own = self.network is not None
            intake = take_in(X, y, task, config, self._entrance if again else None, own=own)
        except BacklightError as error:
            raise UnsuitableInputError(str(error)) from error
        entrance, (x, target) = intake.entrance, intake.train
        modules = list(members_of(self.module_)) if again else self._new_modules(intake, config, task)
        module = modules[0]
        training = resolve(
            intake.training, inputs=entrance.inputs, task=task, rows=len(target), own_network=own, begun=again
        )
        loss = loss_name(task, count_outputs(module, task, x))
        check_batch_size(module, training, x)
        watching = view() if self.verbose else None
        deadline = None if training.time_limit is None else started + training.time_limit
        if training.learning_rate_from == FROM_SWEEP:
            training = found(
                training,
                module,
                loss,
                (x, target),
                intake.validation,
                seed=config.seed,
                unit=entrance.unit,
                augmentation=intake.augmentation,
                deadline=deadline,
                tell=(lambda text: None) if watching is None else watching.on_note,
            )
        self.learning_rate_ = training.learning_rate
        names = feature_names(entrance.inputs, entrance.preprocessing) or tuple(getattr(self, "feature_names_in_", ()))
        checkup = Checkup(module, loss, training, len(target), x, names, entrance.preprocessing)
        observers: list[Observer] = [checkup] if self.diagnose else []
        if watching is not None:
            observers.insert(0, watching)
        those = Trainees(
            tuple(modules),
            training,
            loss,
            (x, target),
            intake.validation,
            config.seed,
            entrance.unit,
            intake.augmentation,
            deadline,
            record=entrance.preprocessing is not None,
        )
        with closing(observers):
            trained = _train_all(those, task, observers)
        self._entrance, self._task, self._flips = entrance, task, intake.flips
        self.module_, self.history_ = trained.module, trained.history
        self.n_iter_ = trained.epochs
        self.findings_ = checkup.findings() if self.diagnose else []
        return self

    def _new_modules(self, intake: Intake, config: Config, task: Task) -> list[nn.Module]:
        seeds = member_seeds(config.seed, intake.training.ensemble or 1)
        if isinstance(self.network, nn.Module):
            return [own_copy(self.network) for _ in seeds]
        inputs, x = intake.entrance.inputs, intake.train[0]
        text = describe(self.network, inputs, task, len(x), intake.training)
        described = zip(cycle(alternatives(text)), seeds, strict=False)
        return [new_module(one, inputs, task, x, seed=seed) for one, seed in described]

    def _predictions(self, X: Any) -> np.ndarray:
        """Probabilities (n, classes) or values (n,) of unchecked rows."""
        check_is_fitted(self, "module_")
        x = self._entrance.rows(self._rows(X, reset=False))
        outputs = raw_outputs(self.module_, x, device=self.device, flips=self._flips)
        return predictions(self._task, outputs, self._entrance.restore)

    def predict_spread(self, X: Any) -> np.ndarray:
        """How far the members of an ensemble disagree about each row (n,): the standard deviation between them.

        Of their values; for classes of the probability of the class that is predicted. 0 for a single network.
        """
        check_is_fitted(self, "module_")
        x = self._entrance.rows(self._rows(X, reset=False))
        restore = self._entrance.restore
        each = member_predictions(self.module_, self._task, x, restore, device=self.device, flips=self._flips)
        return spread(self._task, each)

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """The rows checked as scikit-learn checks them: a frame stays a frame, anything else becomes an array."""
        if self.preprocessing == "none":
            return validate_data(self, X, reset=reset, dtype=np.float32, allow_nd=True, ensure_min_samples=1 + reset)
        if hasattr(X, "columns"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(
            self, X, reset=reset, dtype=None, allow_nd=True, ensure_all_finite="allow-nan", ensure_min_samples=1 + reset
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = self.preprocessing != "none"
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: a module that was built here goes as its description and plain arrays."""
        state = dict(super().__getstate__())
        if "module_" in state and not isinstance(self.network, nn.Module):
            arrays = {name: tensor.cpu().numpy() for name, tensor in self.module_.state_dict().items()}
            state["module_"] = (to_json(self.module_), arrays)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("module_"), tuple):
            description, arrays = state["module_"]
            module = from_json(description)
            module.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
            state = {**state, "module_": module.eval()}
        super().__setstate__(state)


def _train_all(those: Trainees, task: Task, observers: list[Observer]) -> Trained:
    """Train the network, or every member of the ensemble; history and epochs are then those of the first."""
    if len(those.modules) > 1:
        trained, facts = train_members(those, observers=observers)
        return replace(trained[0], module=join([those.modules[one.member - 1] for one in kept(facts)], task).eval())
    return train(
        those.modules[0],
        those.loss,
        those.train,
        those.validation,
        those.config,
        seed=those.seed,
        unit=those.unit,
        augmentation=those.augmentation,
        deadline=those.deadline,
        observers=observers,
        record=those.record,
    )


class Classifier(ClassifierMixin, _Estimator):
    """A neural network that tells classes apart, as a scikit-learn estimator.

    Fitted, it has `classes_` beside the attributes below.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> bool(Classifier("16 relu", epochs=20).fit(X, y).score(X, y) > 0.9)
    True
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows X (n, features), or of any shape that a module of your own takes, and labels y (n,)."""
        X, y = self._rows(X, reset=True), column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_array(y, ensure_2d=False, dtype=None)
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(f"Classifier needs two classes at least; y holds one class only: {classes.tolist()[0]!r}.")
        if self.warm_start and hasattr(self, "module_") and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start goes on with the classes of the fit before, {self.classes_.tolist()}; y holds "
                f"{classes.tolist()}: use them, or a fresh estimator."
            )
        self.classes_ = classes
        kind: TaskKind = "binary" if len(self.classes_) == 2 else "multiclass"
        codes = np.searchsorted(classes, y)  # `unique` would need five times the memory for them
        return self._train(X, codes, Task(kind, "y", tuple(range(len(self.classes_)))))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of every class (n, classes), in the order of `classes_`."""
        return self._predictions(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class Regressor(RegressorMixin, _Estimator):
    """A neural network that predicts a value, as a scikit-learn estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(Regressor("16 relu", epochs=20).fit(X, y).score(X, y) > 0.3)
    True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows X (n, features), or of any shape that a module of your own takes, and values y (n,)."""
        X, y = self._rows(X, reset=True), column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        y = check_array(y, ensure_2d=False, dtype=np.float64)  # float32 only once standardised: 1.6e9 ± 10 stays apart
        return self._train(X, y, Task("regression", "y"))

    def predict(self, X: Any) -> np.ndarray:
        """The value of each row (n,), in the units of y."""
        return self._predictions(X)
