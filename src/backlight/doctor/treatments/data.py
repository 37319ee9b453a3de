"""Treatments of what the network receives."""

from ...records.config import Config
from ..treatment import CannotTreatError, Case, set_data, set_training, treatment

UNITS = "it changes the units that the network works in, which are turned back in its answers"
MOST_COPIES = 0.75
"""Share of copies among the rows up to which epochs make up for the updates that they had: four times as many."""


@treatment("scale-together", safe=True, reason=UNITS)
def scale_together(config: Config, case: Case) -> Config:
    """Scale all features by the mean and spread of all: of one unit, they keep their sizes beside each other."""
    if case.finding is None or not case.finding.evidence.get("one_unit"):
        raise CannotTreatError("scale-together: the features are not of one unit.")
    return _scaled(config, "together")


@treatment("standardise-features", safe=True, reason=UNITS)
def standardise_features(config: Config, case: Case) -> Config:
    """Scale numbers, encode categories and fill holes, fitted on the training rows."""
    return _scaled(config, "auto")


@treatment("standardise-target", safe=True, reason=UNITS)
def standardise_target(config: Config, case: Case) -> Config:
    """Train on the target less its mean, in standard deviations."""
    scaled = config.data.target_scaling == "auto" and config.data.preprocessing != "none"
    if config.data.task != "regression" or scaled:
        raise CannotTreatError("standardise-target: classes have no scale, and a value is standardised already.")
    return set_data(config, target_scaling="standard")


@treatment(
    "fill-missing", safe=True, reason="holes are filled from the training rows and marked in a column of their own"
)
def fill_missing(config: Config, case: Case) -> Config:
    """Fill holes and infinite values, and mark where they were."""
    return standardise_features(config, case)


@treatment("augment", safe=True, reason="pictures are shifted and mirrored in ways that leave their class as it is")
def augment(config: Config, case: Case) -> Config:
    """Show another shift of each picture in each epoch, and its mirror image where that is as good."""
    if not case.images or config.data.augment != "none":
        raise CannotTreatError("augment: only pictures can be shifted and mirrored, and those that are not yet.")
    return set_data(config, augment="auto")


@treatment("drop-constant", safe=False, reason="a column that never varies in these rows may vary in later ones")
def drop_constant(config: Config, case: Case) -> Config:
    """Leave out the columns that never vary."""
    found = case.finding.evidence.get("columns") if case.finding is not None else None
    return _without(config, case, found or ())


@treatment(
    "drop-leaking",
    safe=False,
    reason="whether the column is known before the target is known to you alone; where it is, the score falls",
    judged_by="loss-without-columns",
)
def drop_leaking(config: Config, case: Case) -> Config:
    """Leave out the column that gives the target away."""
    found = case.finding.evidence.get("feature") if case.finding is not None else None
    return _without(config, case, () if found is None else (found,))


@treatment(
    "drop-duplicates",
    safe=False,
    reason="rows that repeat may be true repetitions, which count as often as they come",
    judged_by="loss-of-new-rows",
)
def drop_duplicates(config: Config, case: Case) -> Config:
    """Train on each row once an epoch, and for as many epochs more as there are fewer rows."""
    share = min(case.evidence("share", 0.0), MOST_COPIES)
    epochs = config.training.epochs
    return set_training(set_data(config, duplicates="drop"), epochs=epochs and int(epochs / (1 - share)))


def _scaled(config: Config, how: str) -> Config:
    if config.data.preprocessing != "none":
        raise CannotTreatError("The features are scaled already.")
    target = "none" if config.data.target_scaling == "auto" else config.data.target_scaling
    return set_data(config, preprocessing=how, target_scaling=target)


def _without(config: Config, case: Case, numbers: tuple[int, ...]) -> Config:
    if not numbers or max(numbers) >= len(case.columns):
        raise CannotTreatError("The finding names no column of the data that could be left out.")
    names = tuple(case.columns[number] for number in numbers)
    return set_data(config, drop=(*config.data.drop, *(name for name in names if name not in config.data.drop)))
