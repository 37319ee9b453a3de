"""D108: classes of very different size."""

import math
from collections.abc import Iterator, Mapping

from ...signals import TargetFacts
from ...signals.losses import ONE_PER_CLASS, TWO_CLASS
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

RATIO = 10.0
"""Largest over smallest class (He & Garcia, Learning from Imbalanced Data, 2009, call 10:1 notable)."""
FEWEST_ROWS = 100
MORE = 1.01
"""Weight of the largest class beside that of the smallest from which the two are not the same but for rounding."""
SURE = 0.25
"""Share of the loss of an even chance, ln 2: below it a usual answer has 84 % at least (the fourth root of a half)."""
MOSTLY = 0.5
"""Share of the largest class from which always answering with it is right most of the time: asked where rows have many
targets each, whose frequencies (of letters, of words) are the data's own."""


@diagnosis(
    "D108",
    "class-imbalance",
    needs=("targets",),
    treatments=("class-weights",),
    explains=("plateau", "not-learning", "oscillating-loss", "unlearnable-target"),
)
def class_imbalance(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """One class has many times the rows of another.

    What it sees
    Rows of the largest class over rows of the smallest, held against 10; where the loss weighs the largest class more
    than the smallest, the same of rows times weight. Where each row has many targets (the next letter at each place),
    the largest class must also have half of them. Where each row has several labels with a yes or no each, or a mask
    with one at each place, all noes beside all yesses, in a run that got no better than the best constant: rare labels
    are the rule there.

    Why it hurts
    A network that always answers with the large class is right most of the time, and accuracy hides that the
    small class is never found.

    When it is wrong
    When probabilities are wanted as they are in the world: then do not reweigh, choose another threshold. It is a note
    where training ended below the loss of a network that never finds the smallest class: a share s of rows that get
    half of the probability at most costs s ln 2.

    Example
    One fraud in a hundred payments.

    Treatment
    Weigh the loss by class or sample classes evenly; judge by log-loss, ROC-AUC or recall, not by accuracy.

    References
    He, Garcia: Learning from Imbalanced Data (2009).
    """
    t = run.targets
    assert t is not None
    counts = list(t.counts.values())
    yes_no = t.several_labels or _is_mask(run, t)
    if yes_no and _says_no(run) and t.rows >= FEWEST_ROWS and t.counts[0.0] >= RATIO * t.counts[1.0]:
        yield _rare_labels(t)
        return
    if (
        not run.is_classification
        or not t.one_class_a_row
        or len(counts) < 2
        or t.rows < FEWEST_ROWS
        or len(counts) > 50
    ):
        yield RuledOut("The target has no classes to be counted, or too few rows were seen.")
        return
    ratio = max(counts) / min(counts)
    weighted = _weighted(run, t.counts)
    if weighted >= RATIO and weighted > MORE * ratio:
        yield Seen(
            "warning",
            f"Weights of the loss grow with the classes: the largest has {ratio:.1f} times the rows of the smallest,"
            f" and counts {weighted:.0f} times as much in the loss.",
            "Weigh each class by the inverse of its rows.",
            evidence={"ratio": ratio, "weighted_ratio": weighted, "threshold": RATIO, "classes": len(counts)},
        )
        return
    evened = run.loss is not None and run.loss.settings.get("weighted") and weighted * MORE < ratio
    if ratio < RATIO or evened:
        how = "the loss weighs the classes otherwise" if evened else f"limit {RATIO:g}"
        yield RuledOut(f"The largest class has {ratio:.1f} times the rows of the smallest ({how}).")
        return
    share = max(counts) / sum(counts)
    if share < MOSTLY and run.inputs is not None and t.rows > run.inputs.rows:
        yield RuledOut(
            f"Each row has many targets, and the largest class has {share:.0%} of them (limit {MOSTLY:.0%})."
        )
        return
    yield Seen(
        "note" if _is_found(run, min(counts) / sum(counts)) else "warning",
        f"The largest class has {ratio:.0f} times the rows of the smallest and makes up {share:.0%} of the rows:"
        f" always answering with it would be right in {share:.0%}.",
        "Weigh the loss by class or sample classes evenly, and judge by recall or ROC-AUC.",
        evidence={"ratio": ratio, "threshold": RATIO, "largest_share": share, "classes": len(counts)},
    )


def _says_no(run: RunFacts) -> bool:
    """Whether the answers are mostly no, with the loss no better than the best constant's, which counts all alike."""
    weighted = run.loss is not None and run.loss.settings.get("weighted")
    return run.failed and not run.diverged and not weighted and run.last_loss < SURE * math.log(2)


def _is_mask(run: RunFacts, t: TargetFacts) -> bool:
    """Whether each row has a yes or no at each of its places."""
    yes_no = set(t.counts) == {0.0, 1.0} and not t.one_hot and not t.simplex
    return yes_no and len(t.shape) > 1 and run.loss is not None and run.loss.name in TWO_CLASS


def _rare_labels(t: TargetFacts) -> Seen:
    """Yes or no for each of several labels, or at each of several places, and nearly always no."""
    yes = t.counts[1.0] / (t.counts[0.0] + t.counts[1.0])
    labels = math.prod(t.shape)
    return Seen(
        "warning",
        f"Of {labels} labels a row has {yes * labels:.2g} on average: a network that says no to every one is"
        f" right in {1 - yes:.1%} of its answers, and this one does no better.",
        "Weigh the yesses of the loss (pos_weight), and judge by recall or average precision of each label.",
        evidence={"ratio": t.counts[0.0] / t.counts[1.0], "threshold": RATIO, "labels": labels},
    )


def _is_found(run: RunFacts, smallest: float) -> bool:
    """Whether the training loss is below what never finding the smallest class costs, whatever its share."""
    even = run.loss is not None and run.loss.name in ONE_PER_CLASS | TWO_CLASS and not run.loss.settings.get("weighted")
    return run.finished and even and not run.diverged and run.last_loss < smallest * math.log(2)


def _weighted(run: RunFacts, counts: Mapping[float, int]) -> float:
    """Largest over smallest class, by rows times the loss's weight of the class; 0 where weights are not known."""
    weights = run.loss.settings.get("weights", ()) if run.loss is not None else ()
    if not weights or not all(0 <= code < len(weights) and code == int(code) for code in counts):
        return 0.0
    known = {code: rows for code, rows in counts.items() if weights[int(code)] > 0}
    if len(known) < 2:
        return 0.0
    largest, smallest = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    return known[largest] * weights[int(largest)] / (known[smallest] * weights[int(smallest)])
