"""A comparison in sentences."""

from ...evaluation import Group
from ...evaluation.paired import LEVEL
from .comparison import RunComparison

SHOWN = 5
"""Groups that are named."""


def sentences(found: RunComparison) -> list[str]:
    """The verdict first, then what accuracy hides."""
    if found.same:
        return [verdict(found)]
    groups = [_group(found, group) for group in found.groups[:SHOWN]]
    return [verdict(found), *filter(None, (errors(found), probabilities(found))), *groups]


def verdict(found: RunComparison) -> str:
    """Better, worse or no difference to be seen, why, and how many more rows would settle it."""
    name, unit = ("log_loss", "log-loss") if found.task.classes else ("rmse", "root mean squared error")
    d = found.differences[name]
    seen = f"{unit} {d.value:+.4g} [{d.low:+.4g}, {d.high:+.4g}]"
    if found.verdict != "no-difference":
        p = found.paired.p_value
        chance = "fewer than one in a million cases" if p < 1e-6 else f"{p:.2g} of all cases"
        return f"The second is {found.verdict}: {seen}; chance gives such a difference in {chance}."
    if found.same:
        return f"No difference: both predict the same on every one of the {found.rows:,} rows."
    paired = found.paired
    return (
        f"No difference to be seen: {seen} over these rows, and training anew would move it, too: standard error "
        f"{paired.row_error:.2g} from the rows, {paired.training_error:.2g} from training, in the loss of a row. "
        f"Chance gives such a difference in {paired.p_value:.2g} of all cases; below {LEVEL:g} it would count. "
        f"{_to_settle(found)}"
    )


def _to_settle(found: RunComparison) -> str:
    more = found.paired.rows_to_settle
    if more is None:
        return (
            "The difference is within what two trainings of one configuration differ by: no number of held-out rows "
            "would settle it; train each with several seeds and name all runs."
        )
    return f"If it is as large as it looks, about {more:,} more held-out rows would settle it."


def errors(found: RunComparison) -> str:
    """McNemar's test in words; empty for values."""
    paired = found.paired
    if paired.mcnemar is None:
        return ""
    return (
        f"Of the {found.rows:,} rows, only the first has {paired.only_first_right:,} right and only the second "
        f"{paired.only_second_right:,} (McNemar p = {paired.mcnemar:.2g})."
    )


def probabilities(found: RunComparison) -> str:
    """How the probability of the right class changed; empty for values."""
    if "probability_of_right_class" not in found.differences:
        return ""
    change = found.change
    d, c = found.differences["probability_of_right_class"], found.differences["calibration_error"]
    return (
        f"The probability of the right class rose in {(change > 0).mean():.0%} of the rows and fell in "
        f"{(change < 0).mean():.0%}, by {d.value:+.4f} [{d.low:+.4f}, {d.high:+.4f}] on average; calibration error "
        f"{c.value:+.4f} [{c.low:+.4f}, {c.high:+.4f}]."
    )


def _group(found: RunComparison, group: Group) -> str:
    where = f"where {group.column} is {group.value} ({group.rows:,} rows)"
    if found.task.classes:
        return (
            f"Not alike everywhere: the probability of the right class changed by {group.change:+z.3f} {where}, by "
            f"{group.rest:+z.3f} elsewhere."
        )
    return (
        f"Not alike everywhere: the absolute error changed by {-group.change:+z.3g} {where}, by {-group.rest:+z.3g} "
        "elsewhere."
    )
