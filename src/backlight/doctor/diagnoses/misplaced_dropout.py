"""N402: dropout where it harms."""

from collections.abc import Iterator

from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis


@diagnosis(
    "N402",
    "misplaced-dropout",
    needs=("layers", "output"),
    treatments=("move-dropout", "remove-dropout", "linear-ending"),
    explains=("plateau", "oscillating-loss"),
    certain=True,
)
def misplaced_dropout(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Dropout acts on the network's outputs, or stands right before a batch normalisation.

    What it sees
    A dropout layer between the last layer with units and the loss; a dropout whose output is what a batch
    normalisation receives.

    Why it hurts
    An output that is set to zero is a wrong prediction that no layer can make good. Before a batch normalisation,
    dropout makes the variance in training another one than in evaluation: dividing what is kept by 1 − p keeps the
    mean, but makes the second moment 1/(1 − p) times as large, and the running variance is that of the training.

    When it is wrong
    When random predictions are wanted (and even then dropout belongs to hidden units). Layer and group norms take
    their statistics from the row itself, in evaluation as in training: before them dropout is not reported.

    Example
    `nn.Sequential(…, nn.Linear(64, 10), nn.Dropout(0.5))`

    Treatment
    Dropout after the activations of hidden layers, never on outputs; in a network with batch normalisation behind the
    last one, or none.

    References
    Srivastava et al.: Dropout (2014). Li et al.: Understanding the disharmony between dropout and batch
    normalization (2019).
    """
    assert run.output is not None
    dropouts = [layer for layer in run.layers if layer.role == "dropout" and layer.settings.get("p", 0.5) > 0]
    names = [layer.name for layer in run.layers]
    last = names.index(run.output.layer) if run.output.layer in names else len(names)
    on_output = [layer.name for layer in dropouts if names.index(layer.name) > last]
    before_norm = [d.name for d in dropouts if any(_keeps_statistics(f) for f in run.followers(d.name))]
    if on_output:
        yield Seen(
            "error",
            f"Dropout {on_output[0]} acts on the network's outputs (after {run.output.layer}).",
            "Remove it; put dropout after the activations of hidden layers.",
            layer=on_output[0],
            evidence={"layers": on_output, "after": run.output.layer},
        )
    elif before_norm:
        yield Seen(
            "note",
            f"Dropout {before_norm[0]} stands right before a batch normalisation.",
            "Move it behind the last normalisation, or leave it out.",
            layer=before_norm[0],
            evidence={"layers": before_norm},
        )
    else:
        yield RuledOut(f"{len(dropouts)} dropout layers, none on the outputs or before a batch normalisation.")


def _keeps_statistics(layer: LayerFacts) -> bool:
    """Whether it normalises in evaluation by what it saw in training."""
    return layer.kind.startswith("BatchNorm") and bool(layer.settings.get("track_running_stats", True))
