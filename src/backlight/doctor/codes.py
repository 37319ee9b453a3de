"""Targets that name classes, told from those that count or measure."""

from itertools import pairwise

from ..signals.facts import TargetFacts
from .facts import FEW_VALUES, RunFacts

AGREE, NO_ORDER, FEWEST_NAMES = 0.4, 0.9, 4
"""Share of nearest neighbours with the same target; how far they are in it where it differs, beside any two rows with
different targets; and values from which that tells names from an order. Ordered values that were drawn (ratings,
counts, quantiles of a smooth function) had 0.5 to 0.83; digits 1.11, scikit-learn's `make_classification` 0.99 to
1.02."""
EVEN = 1e-3
"""Share of a step by which the steps between standardised whole numbers may differ: rounding to 32 bits."""

ROWS_OF_TWO_LABELS = 20
"""Rows that have one of two values before these are labels: a third one, as frequent, is missed once in a thousand
times (3 · (2/3)²⁰), and measured values would not repeat so."""


def name_classes(run: RunFacts) -> bool:
    """Whether one column of whole numbers 0…k−1 (or 1…k, or −k…k) names more than two classes for one output to tell.

    Either the program counts exact hits (accuracy), or the features know the classes but no order of them. The numbers
    may have been standardised, as regression targets are, or divided by the largest (0, ½, 1).
    """
    t, output = run.targets, run.output
    if t is None or output is None or output.units != 1 or t.shape not in ((), (1,)):
        return False
    if not 2 < t.classes <= FEW_VALUES or not (_counted(t) if t.integers else _even_steps(t)):
        return False
    return run.counts_hits or (t.classes >= FEWEST_NAMES and _known_without_order(run))


def one_output_each(t: TargetFacts) -> str:
    """How many outputs cross-entropy wants, and which numbers for the classes where theirs do not count from zero."""
    counted = t.minimum == 0 and t.maximum == t.classes - 1
    return f"{t.classes} outputs" if counted else f"{t.classes} outputs (classes numbered 0 to {t.classes - 1})"


def _counted(t: TargetFacts) -> bool:
    return (t.minimum in (0, 1) or t.minimum == -t.maximum) and t.classes == t.maximum - t.minimum + 1


def _even_steps(t: TargetFacts) -> bool:
    """Whether the values are whole numbers in a row, shifted and stretched."""
    values = sorted(t.counts)
    step = (values[-1] - values[0]) / (len(values) - 1)
    return all(abs(high - low - step) < EVEN * step for low, high in pairwise(values))


def measures(t: TargetFacts) -> bool:
    """Whether there are fractions outside 0…1: neither labels (also two of them, standardised) nor probabilities."""
    two_labels = t.classes == 2 and t.rows >= ROWS_OF_TWO_LABELS
    return t.floating and not t.integers and not two_labels and (t.minimum < 0 or t.maximum > 1)


def _known_without_order(run: RunFacts) -> bool:
    if run.probe is None:
        return False
    agreement, apart = run.probe.agreement, run.probe.apart
    return agreement is not None and agreement > AGREE and apart is not None and apart > NO_ORDER
