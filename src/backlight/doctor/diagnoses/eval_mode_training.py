"""P001: training steps in evaluation mode."""

from collections.abc import Iterator

from ...data.counted import counted
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_STEPS = 5
MOSTLY = 0.5
"""Share of the training steps in evaluation mode that counts as the loop's habit."""


@diagnosis(
    "P001",
    "eval-mode-training",
    explains=("overfitting",),
    certain=True,
)
def eval_mode_training(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Training steps are taken while the network is in evaluation mode.

    What it sees
    Backward passes with `model.training` false in a network that has dropout or batch normalisation; and a network
    in training mode whose batch normalisations stay in evaluation mode with the statistics that they were made with
    (mean 0, variance 1): no batch has ever changed them.

    Why it hurts
    Dropout does nothing and batch normalisation uses its running statistics, which are never updated: what is
    trained is another function than the one that was described. The usual origin is `model.eval()` for
    validation with no `model.train()` after it.

    When it is wrong
    When a pretrained network is fine-tuned with its normalisation frozen on purpose (then its statistics are those
    of other data, and of the single layers nothing is said).

    Example
    `model.eval()` once before the loop; `for x, y in loader: loss_fn(model(x), y).backward(); optimizer.step()`

    Treatment
    Call `model.train()` at the start of each epoch.

    References
    PyTorch documentation of `torch.nn.Module.eval`.
    """
    steps = run.loop.steps
    if not run.loop.mode_matters or not steps:
        yield RuledOut("No layer of the network behaves differently in evaluation mode.")
        return
    share = run.loop.eval_steps / steps
    norms = run.loop.idle_norms
    if share < MOSTLY and norms and steps >= FEWEST_STEPS:
        yield Seen(
            "error" if run.failed else "warning",
            f"{counted(len(norms), 'batch normalisation')} ({', '.join(norms[:4])}) stayed in evaluation mode in all"
            f" {steps} training steps, with the mean 0 and variance 1 of the start: nothing is normalised there.",
            "Leave them in training mode; .eval() for single layers belongs to pretrained ones.",
            layer=norms[0],
            evidence={"layers": list(norms[:20]), "steps": steps},
        )
        return
    if share < MOSTLY:
        yield RuledOut(f"{run.loop.eval_steps} of {steps} steps were taken in evaluation mode.")
        return
    yield Seen(
        "error" if not run.loop.frozen else "warning",
        f"{run.loop.eval_steps} of {steps} training steps ran in evaluation mode: dropout and batch"
        " normalisation are switched off.",
        "Call model.train() before the training steps of each epoch; model.eval() only around validation.",
        evidence={"eval_steps": run.loop.eval_steps, "steps": steps, "threshold_share": MOSTLY},
    )
