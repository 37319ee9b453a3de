"""O203: the loss suits the target."""

from collections.abc import Iterator

from ...signals.facts import LossFacts, OutputFacts, TargetFacts
from ...signals.losses import DISTANCE, ONE_PER_CLASS, TWO_CLASS
from ..codes import measures, name_classes, one_output_each
from ..facts import MOST_CLASSES, RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_ROWS = 8
"""Rows that must sum to one before classes count as exclusive."""
NEGATIVE = 0.0

Problem = tuple[str, str, str]
"""severity, message, prescription"""


@diagnosis(
    "O203",
    "loss-mismatch",
    needs=("loss", "targets", "output"),
    treatments=("loss-for-task",),
    explains=(
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "exploding-gradient",
        "vanishing-gradient",
        "frozen-parameters",
    ),
    certain=True,
)
def loss_mismatch(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss measures something else than the task asks for.

    What it sees
    The loss and the kind of target: exclusive classes under binary cross-entropy, classes under a distance, codes of
    classes without an order under a distance (like rows with another code are as far in code as any, or the program
    counts exact hits), measured values or several labels a row under cross-entropy, negative targets under a Poisson
    loss, one column of labels spread over several outputs, a log-likelihood without its minus or a distance with one.
    An error where the loss cannot mean what is asked, or the run learned nothing.

    Why it hurts
    Binary cross-entropy on exclusive classes rewards saying "no" everywhere and reports a misleading accuracy;
    a distance on classes has weak gradients where the network is wrong; cross-entropy of measured values has no
    minimum at the right answer.

    When it is wrong
    One-against-rest training is sometimes chosen on purpose; the squared error of probabilities (Brier score) is a
    proper score, only slower.

    Example
    Ten digits with `nn.BCELoss` on one-hot targets.

    Treatment
    Exclusive classes: cross-entropy. Two classes: binary cross-entropy with logits. Values: squared, absolute or
    Huber loss.

    References
    Golik, Doetsch, Ney: Cross-entropy vs. squared error training (2013).
    """
    loss, t, output = run.loss, run.targets, run.output
    assert loss is not None and t is not None and output is not None
    problem = (
        _upside_down(run, loss)
        or _spread(loss, output)
        or _binary(loss, t, output)
        or _distance(run, loss, t, output)
        or _values(loss, t, output)
    )
    if problem is None:
        yield RuledOut(
            f"{loss.name} suits a target of {t.classes or 'many'} values from {t.minimum:g} to {t.maximum:g}."
        )
        return
    severity, message, prescription = problem
    yield Seen(
        "error" if severity == "error" or run.failed else "warning",
        message,
        prescription,
        layer=output.layer,
        evidence={"loss": loss.name, "classes": t.classes, "one_hot": t.one_hot, "outputs": output.units},
    )


def _upside_down(run: RunFacts, loss: LossFacts) -> Problem | None:
    """A mean of log-probabilities without its minus, or a distance with one."""
    climbs = run.optimizer is not None and run.optimizer.settings.get("maximize")
    if climbs or loss.settings.get("negated", True):
        return None
    if loss.name in DISTANCE:
        return (
            "error",
            f"The loss is the distance from the target ({loss.name}) with a minus before it: to minimise it is to move"
            " away from the target, without end.",
            "Take the minus away.",
        )
    return (
        "error",
        "The loss is the mean log-probability of the right class itself: to minimise it is to make the right class"
        " unlikely, without end.",
        "Put a minus before it, or use cross-entropy.",
    )


def _spread(loss: LossFacts, output: OutputFacts) -> Problem | None:
    """One column of labels against several outputs: every output is pulled to the same label."""
    rows = loss.output_shape[0] if loss.output_shape else 0
    one_column = loss.target_shape in ((rows,), (rows, 1))
    if loss.name in TWO_CLASS | DISTANCE and one_column and len(loss.output_shape) == 2 and output.units > 1:
        return (
            "error",
            f"{output.units} outputs are compared with one column of labels by {loss.called}: all are pulled to the"
            " same label.",
            "Use cross-entropy (class codes, one output per class), or a single output.",
        )
    return None


def _binary(loss: LossFacts, t: TargetFacts, output: OutputFacts) -> Problem | None:
    if loss.name not in TWO_CLASS:
        return None
    if t.one_hot and t.shape[-1] > 2 and t.rows >= FEWEST_ROWS:
        return (
            "warning",
            f"Binary cross-entropy treats {t.shape[-1]} exclusive classes as {t.shape[-1]} separate questions.",
            "Use cross-entropy on the linear outputs.",
        )
    if output.units == 1 and t.integers and 2 < t.classes <= MOST_CLASSES:
        return (
            "error",
            f"Binary cross-entropy for {t.classes} classes.",
            "Use cross-entropy, one output for each class.",
        )
    if measures(t):
        return (
            "error",
            f"Binary cross-entropy for measured values from {t.minimum:.4g} to {t.maximum:.4g}.",
            "Use the squared or Huber loss for values.",
        )
    return None


def _distance(run: RunFacts, loss: LossFacts, t: TargetFacts, output: OutputFacts) -> Problem | None:
    if loss.name not in DISTANCE:
        return None
    if name_classes(run):
        why = (
            "the program counts exact hits"
            if run.counts_hits
            else "like rows with another value are as far from it as any"
        )
        return (
            "warning",
            f"{loss.name} measures a distance, but the {t.classes} values of the target look like names of"
            f" classes: {why}.",
            f"Use cross-entropy with {one_output_each(t)}, if the values are classes without an order.",
        )
    ends_in_probability = bool(output.chain) and output.chain[-1] in ("Softmax", "Sigmoid", "LogSoftmax")
    if t.one_hot and t.rows >= FEWEST_ROWS:
        classes = t.shape[-1]
    elif ends_in_probability and run.is_classification and t.minimum >= 0 and t.maximum <= 1:
        classes = 2
    elif t.simplex and output.chain[-1:] == ("Sigmoid",) and t.rows >= FEWEST_ROWS:
        return (
            "warning",
            "The target's rows are distributions (they sum to one), met by a distance from separate sigmoids.",
            "Use cross-entropy with these distributions, on the linear outputs.",
        )
    else:
        return None
    return (
        "warning",
        f"{loss.name} measures a distance, but the target names {classes} classes.",
        "Use cross-entropy (two classes: binary cross-entropy with logits).",
    )


def _values(loss: LossFacts, t: TargetFacts, output: OutputFacts) -> Problem | None:
    if loss.name == "poisson_nll" and t.minimum < NEGATIVE:
        return (
            "error",
            f"A Poisson loss is for counts; the target goes down to {t.minimum:.4g}.",
            "Use the squared or Huber loss.",
        )
    if loss.name not in ONE_PER_CLASS:
        return None
    measured = t.floating and not t.one_hot and not t.simplex and t.shape not in ((), (1,))
    if measured and (t.minimum < 0 or t.maximum > 1 or not t.integers):
        return (
            "error",
            f"Cross-entropy for measured values from {t.minimum:.4g} to {t.maximum:.4g} that are no distribution.",
            "Use the squared or Huber loss for values; rows of probabilities must sum to one.",
        )
    if t.several_labels and t.shape[0] == output.units:
        return (
            "error",
            f"Cross-entropy shares one among {output.units} classes, but the target's rows have several or none.",
            "Use binary cross-entropy with logits: a yes or no for each label.",
        )
    if output.units == 1:
        return (
            "error",
            "Cross-entropy over a single output is always zero."
            if loss.expects == "logits"
            else "Cross-entropy over a single output looks at the rows of class 1 alone: nothing speaks against calling"
            " every row 1.",
            "Two classes: binary cross-entropy with logits; more: one output for each class.",
        )
    if t.floating and t.integers and t.shape in ((), (1,)) and t.classes > 1:
        return ("error", "Cross-entropy over classes meets a column of numbers.", "Give class codes or one-hot rows.")
    return None
