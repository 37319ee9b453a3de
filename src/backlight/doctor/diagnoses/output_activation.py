"""O202: the last activation suits the loss and the target."""

from collections.abc import Iterator

from ...signals.facts import LossFacts, OutputFacts, TargetFacts
from ...signals.losses import DISTANCE, ONE_PER_CLASS
from ...signals.roles import RECTIFIERS
from ..codes import measures
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

SQUASHING = frozenset(
    {"Softmax", "Sigmoid", "Tanh", "ReLU", "ReLU6", "Hardtanh", "Hardsigmoid", "Softplus", "Softsign"}
)
"""Activations that take away part of the line of logits."""
PROBABILITIES = ("Softmax", "LogSoftmax", "Sigmoid", "LogSigmoid")
RANGES = {
    "Sigmoid": (0.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "Softmax": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
    "ReLU": (0.0, float("inf")),
    "ReLU6": (0.0, 6.0),
    "Softplus": (0.0, float("inf")),
    "LogSoftmax": (float("-inf"), 0.0),
    "LogSigmoid": (float("-inf"), 0.0),
}
"""Values that each activation can put out."""
CLAMPED = 1e-6
"""What a clamp before a logarithm makes of a probability of zero, at most; Keras takes 1e-7."""
SLACK = 0.02
"""Share of an activation's range (or of the target's, where it has no end) that the target may lie outside: rounding
and label noise are not a fault."""


@diagnosis(
    "O202",
    "output-activation",
    needs=("output", "loss"),
    treatments=("linear-ending",),
    explains=(
        "not-learning",
        "plateau",
        "vanishing-gradient",
        "learning-rate-too-low",
        "learning-rate-too-high",
        "saturated-units",
        "non-finite",
        "oscillating-loss",
        "frozen-parameters",
        "exploding-gradient",
        "unscaled-target",
        "obfuscated-gradient",
    ),
    certain=True,
)
def output_activation(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The activation after the last layer does not fit the loss, or cannot reach the target.

    What it sees
    The activations between the last layer with units and the loss, in the module, in its forward method or in the
    loop; what the loss expects (logits, probabilities, values); the range of the target. Outputs that sum to one in
    every row are probabilities, wherever they were made so. A rectifier that put out nothing but 0; two activations
    in a row; a softmax over labels that do not exclude each other.

    Why it hurts
    A softmax before a loss that has its own flattens differences between classes and starves the gradient;
    probabilities that are none make logarithms meaningless; a sigmoid can never say 7; a softmax over one output
    always says 1, one over the batch shares each output out among the rows; a rectifier answers all negative targets
    with 0 and no gradient.

    When it is wrong
    When the activation is part of the model on purpose and the target lies within its range (then nothing is said).

    Example
    `nn.Softmax(dim=1)` at the end of a network trained with `nn.CrossEntropyLoss`.

    Treatment
    Let the last layer be linear and take the loss that has the activation inside (cross-entropy,
    binary cross-entropy with logits); for regression no activation at all.

    References
    PyTorch documentation of CrossEntropyLoss, BCELoss and NLLLoss. Bishop (2006), section 4.3.6 on canonical links.
    """
    loss, output, t = run.loss, run.output, run.targets
    assert loss is not None and output is not None
    if _no_probabilities(run, loss, output):
        yield Seen(
            "error" if run.failed else "warning",
            f"The target names classes, but the outputs come from a linear layer and {loss.name} adds no activation:"
            f" they are no probabilities (from {output.minimum:.3g} to {output.maximum:.3g}).",
            "Use cross-entropy on the linear outputs (two classes: binary cross-entropy with logits).",
            layer=output.layer,
            evidence={"loss": loss.name, "output_minimum": output.minimum, "output_maximum": output.maximum},
        )
        return
    last_layer = run.by_name.get(output.layer)
    one_each = last_layer is not None and last_layer.units == output.units
    problem = (
        _one_softmax(output)
        or _two_in_a_row(output)
        or (_several_labels(loss, output, t) if t is not None else None)
        or _softmax_over_rows(loss, output)
        or _classes(loss, output, one_each)
        or (_two_classes(loss, output) if t is None or output.chain or not measures(t) else None)
        or (_range(output, t) if t is not None and loss.name in DISTANCE | {"poisson_nll", "custom"} else None)
        or (_clamped(run, output, t) if t is not None and loss.name in DISTANCE else None)
    )
    if problem is None:
        yield RuledOut(f"{_words(output)} suits {loss.called} ({loss.expects} expected).")
        return
    message, prescription = problem
    values = f" What the loss received lay between {output.minimum:.3g} and {output.maximum:.3g}."
    yield Seen(
        "error",
        message + values,
        prescription,
        layer=output.layer,
        evidence={
            "activation": list(output.chain),
            "loss": loss.name,
            "expects": loss.expects,
            "output_minimum": output.minimum,
            "output_maximum": output.maximum,
            "outputs": output.units,
        },
    )


def _words(output: OutputFacts) -> str:
    return f"The last activation ({', '.join(output.chain)})" if output.chain else "A linear last layer"


def _one_softmax(output: OutputFacts) -> tuple[str, str] | None:
    if output.units == 1 and output.chain and output.chain[-1] in ("Softmax", "LogSoftmax"):
        return (
            f"{output.chain[-1]} over a single output is constant (its only probability is 1): the gradient is zero.",
            "Two classes: a sigmoid (better: binary cross-entropy with logits). Regression: no activation.",
        )
    return None


def _no_probabilities(run: RunFacts, loss: LossFacts, output: OutputFacts) -> bool:
    """Classes under a distance from linear outputs; one output for several classes is the number of outputs' fault."""
    if run.targets is None or not run.is_classification or loss.name not in DISTANCE:
        return False
    return not output.chain and bool(output.layer) and not (output.units == 1 and run.targets.classes > 2)


def _two_in_a_row(output: OutputFacts) -> tuple[str, str] | None:
    """A softmax or sigmoid of what another activation has already cut down."""
    if len(output.chain) < 2 or output.chain[-1] not in PROBABILITIES or output.chain[-2] not in SQUASHING:
        return None
    first, last = output.chain[-2:]
    return (
        f"{first} stands before {last}, which reads numbers of any sign and size:"
        f" after {first} they lie between {RANGES[first][0]:g} and {RANGES[first][1]:g}.",
        f"Remove the {first.lower()}: one activation, or none, after the last layer.",
    )


def _several_labels(loss: LossFacts, output: OutputFacts, t: TargetFacts) -> tuple[str, str] | None:
    """A softmax, which shares one among the outputs, for labels that do not exclude each other."""
    shared = output.chain[-1:] == ("Softmax",) or (loss.name in ONE_PER_CLASS and loss.expects == "logits")
    if not shared or not t.several_labels or t.shape[0] != output.units:
        return None
    return (
        f"A softmax shares one among {output.units} outputs, but the target's rows have several labels or none.",
        "Use a sigmoid for each label: binary cross-entropy with logits on the linear outputs.",
    )


def _softmax_over_rows(loss: LossFacts, output: OutputFacts) -> tuple[str, str] | None:
    last = output.chain[-1] if output.chain else ""
    if last in ("Softmax", "LogSoftmax") and output.columns_sum_to_one and not output.rows_sum_to_one:
        return (
            f"{last} goes over the rows of the batch: each of {output.units} outputs is shared out among the rows, and"
            " the answer for a row depends on the others.",
            "Take it over the outputs: dim=1 (or -1).",
        )
    axes = (len(loss.output_shape), len(output.shape))
    one_axis = (axes[0] == 2 or axes == (4, 3)) and 1 < output.units == loss.output_shape[1]
    if loss.name == "nll" and last in ("Softmax", "LogSoftmax") and one_axis and not output.rows_sum_to_one:
        return (
            f"{last} goes over another axis than the {output.units} outputs that the loss takes for classes.",
            f"Take it over the outputs: dim={-1 if axes[0] == 2 else 1}.",
        )
    return None


def _clamped(run: RunFacts, output: OutputFacts, t: TargetFacts) -> tuple[str, str] | None:
    """A clamp at the end that the usual target lies beyond, in a run that learned nothing."""
    if output.chain[-1:] != ("Clamp",) or not run.failed or output.minimum <= t.mean <= output.maximum:
        return None
    return (
        f"The output is clamped and never left {output.minimum:.4g} to {output.maximum:.4g}; the target's mean is"
        f" {t.mean:.4g}, and beyond a clamp there is no gradient.",
        "Use a linear last layer for regression; clamp predictions only after training.",
    )


def _classes(loss: LossFacts, output: OutputFacts, one_each: bool) -> tuple[str, str] | None:
    """Cross-entropy over classes: on logits, log-probabilities, probabilities; `one_each`: a unit for each class."""
    last = output.chain[-1] if output.chain else ""
    if loss.name in ("cross_entropy", "multi_margin") and loss.expects == "logits":
        if last in SQUASHING:
            return (
                f"{last} stands before {loss.called}, which expects logits and applies its own softmax.",
                f"Remove the {last.lower()}: hand the linear outputs to the loss.",
            )
        if not last and output.rows_sum_to_one and output.minimum >= 0 and loss.name == "cross_entropy":
            return (
                f"What {loss.called} receives sums to one in every row: these are probabilities, and it expects logits"
                " and applies its own softmax.",
                "Remove the softmax from the network: hand the linear outputs to the loss.",
            )
    elif loss.name in ("nll", "kl_div") and loss.expects == "log-probabilities":
        if last not in ("LogSoftmax", "LogSigmoid") and (output.maximum > SLACK or last in ("Softmax", "Sigmoid")):
            return (
                f"{loss.called} expects log-probabilities, but receives {last or 'linear outputs'}.",
                "Use cross-entropy on the linear outputs, or a log-softmax before this loss.",
            )
    elif loss.name == "nll" and loss.expects == "probabilities" and last != "Softmax" and output.units > 1:
        divided = output.rows_sum_to_one
        silent = last in RECTIFIERS and output.minimum <= CLAMPED  # where the rectifier has no slope
        if divided and not (one_each and (last == "Sigmoid" or silent)):
            return None
        return (
            f"A cross-entropy over {output.units} classes reads probabilities, but the outputs come from"
            f" {last.lower() or 'a linear layer'} and {'only' if divided else 'do not'} sum to one"
            f"{' since they are divided by their sum' if divided else ''}.",
            "End in a softmax, or use cross-entropy on the linear outputs.",
        )
    return None


def _two_classes(loss: LossFacts, output: OutputFacts) -> tuple[str, str] | None:
    """Binary cross-entropy: on logits or on probabilities."""
    last = output.chain[-1] if output.chain else ""
    if loss.name in ("bce_logits", "soft_margin") and last in SQUASHING:
        return (
            f"{last} stands before {loss.called}, which expects logits and applies its own sigmoid.",
            f"Remove the {last.lower()}: hand the linear outputs to the loss.",
        )
    bounded = last in ("Sigmoid", "Softmax", "Hardsigmoid") or (last == "" and not output.layer)
    outside = output.minimum < 0 or output.maximum > 1
    if loss.name == "bce" and not bounded and (outside or last in SQUASHING or output.layer):
        return (
            f"Binary cross-entropy reads probabilities, but the outputs come from {last or 'a linear layer'}.",
            "End in a sigmoid, or use binary cross-entropy with logits on the linear outputs.",
        )
    if loss.name == "overlap" and not last and output.layer and outside:
        return (
            "The overlap with a mask (Dice, intersection over union) reads probabilities, but the outputs come from a"
            " linear layer.",
            "Take the overlap of torch.sigmoid(outputs), or of a softmax over the classes.",
        )
    return None


def _range(output: OutputFacts, t: TargetFacts) -> tuple[str, str] | None:
    """Targets outside what the activation can put out; one column spread over several outputs is the loss's fault."""
    if output.units > 1 and t.shape == (1,):
        return None
    last = output.chain[-1] if output.chain else ""
    if last not in RANGES:
        return None
    if last in RECTIFIERS and output.minimum == output.maximum == 0 < max(abs(t.minimum), abs(t.maximum)):
        return (
            f"{last} put out 0 for every row of the whole run, where its slope is 0: no gradient passes.",
            "Use a linear last layer for regression.",
        )
    low, high = RANGES[last]
    slack = SLACK * ((high - low) if high - low < float("inf") else max(abs(t.minimum), abs(t.maximum)))
    if last == "Softmax" and not t.simplex and t.shape and t.shape[-1] > 1 and not t.one_hot:
        reach = "numbers that sum to one in each row"
    elif t.minimum < low - slack or t.maximum > high + slack:
        reach = f"values from {low:g} to {high:g}"
    else:
        return None
    return (
        f"{last} can only put out {reach}; the target goes from {t.minimum:.4g} to {t.maximum:.4g}.",
        "Use a linear last layer for regression (and scale the target).",
    )
