"""What trainings side by side say: which treatment to prove, and whether it is better than none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...doctor import Treatment, all_treatments
from ...evaluation.side_by_side import difference, judged
from ...records import Metric, Verdict
from ...records.config import Config
from .bench import Bench, Outcome


def best(bench: Bench, tried: Mapping[str, Sequence[Outcome]]) -> str:
    """The treatment with the lowest validation loss, or the first that these rows cannot tell from it.

    A diagnosis names first what is more likely to help, and changes less. It is passed over only where another is
    better by more than a standard error over the validation rows (Breiman et al., Classification and Regression Trees,
    1984, section 3.4.3), which are often no more than some dozens.
    """
    known, losses = all_treatments(), dict[str, np.ndarray]()
    for name, outcomes in tried.items():
        weights = [bench.weights(known[name].judged_by, one.config, one.number)[0] for one in outcomes]
        losses[name] = np.concatenate([judged(*one.validation, w) for one, w in zip(outcomes, weights, strict=True)])
    lowest = min(losses, key=lambda name: float(losses[name].mean()))

    def as_good(name: str) -> bool:
        if losses[name].shape != losses[lowest].shape:
            return False
        behind = losses[name] - losses[lowest]
        rows = len(behind) / len(tried[name])
        return bool(behind.mean() <= behind.std() / rows**0.5)

    return next(name for name in losses if as_good(name))


def verdict(
    bench: Bench,
    one: Treatment,
    before: Config,
    untreated: Sequence[Outcome],
    treated: Sequence[Outcome],
    changed: Sequence[Outcome],
) -> Verdict:
    """What the held-out rows say of a treatment.

    before: the untreated settings. changed: trainings with changes drawn at random.
    """
    config = treated[0].config
    by_answers = one.judged_by == "wrong-answers"
    task = bench.assembled(config if by_answers else before).task
    hidden = [name for name in config.data.drop if name not in before.data.drop]
    unknown = hidden if one.judged_by == "loss-without-columns" else []

    def scored(outcome: Outcome, found: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return judged(*found, bench.weights(one.judged_by, before, outcome.number)[1])

    def seen(outcome: Outcome) -> Outcome:
        if by_answers:
            return bench.wrong(outcome)
        return bench.without(outcome, unknown) if unknown else outcome

    def losses(side: Sequence[Outcome]) -> np.ndarray:
        known = [seen(outcome) for outcome in side]
        return np.stack([scored(outcome, found.held_out) for outcome, found in zip(side, known, strict=True)])

    def beside(others: Sequence[Outcome]) -> np.ndarray:
        """Losses of the untreated settings; each member of several networks is a training of those."""
        if all(outcome.members and alone(outcome.config) == alone(before) for outcome in others):
            return np.stack([np.mean([scored(o, each) for each in o.members], axis=0) for o in others])
        return losses(untreated[: len(others)])

    def against(others: Sequence[Outcome]) -> Metric:
        return difference(task, beside(others), losses(others), crossed=bench.crossed)

    found = against(treated)
    word = "better" if found.high < 0 else "worse" if found.low > 0 else "no-difference"
    balanced = "balanced_" if one.judged_by == "balanced-loss" and task.classes else ""
    metric = "rmse" if task.kind == "regression" else "error_rate" if by_answers else f"{balanced}log_loss"
    where = f"_without_{'_and_'.join(unknown)}" if unknown else ""
    return Verdict(
        word,  # type: ignore[arg-type]
        metric + where,
        found.value,
        found.low,
        found.high,
        len(treated),
        against(changed).value if changed else None,
        kept=word == "better",
    )


def alone(config: Config) -> Config:
    """The settings for a single network, whatever time it takes."""
    single = {"ensemble": 1, "folds": False, "time_limit": None}
    return config.model_copy(update={"training": config.training.model_copy(update=single)})
