"""P002: gradients never set to zero."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

MOSTLY = 0.5
"""Share of steps that began on old gradients above which it is no exception."""
FEWEST = 3
"""Steps that must have been looked at."""


@diagnosis(
    "P002",
    "gradients-accumulate",
    explains=(
        "oscillating-loss",
        "learning-rate-too-high",
        "exploding-gradient",
        "not-learning",
        "dead-units",
        "non-finite",
        "plateau",
        "saturated-units",
    ),
    certain=True,
)
def gradients_accumulate(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Each step adds its gradient to those of all steps before: nothing sets gradients to zero.

    What it sees
    The first backward pass after an optimiser step begins with parameter gradients that are not zero.

    Why it hurts
    `backward()` adds to `.grad`. The optimiser then follows the sum of all gradients since the start, as if with
    momentum 1: steps grow, the loss swings and does not settle.

    When it is wrong
    When gradients are summed over several backward passes on purpose, they are zero after each optimiser step:
    that is not reported.

    Example
    `for x, y in loader: loss_fn(model(x), y).backward(); optimizer.step()` without `optimizer.zero_grad()`.

    Treatment
    Call `optimizer.zero_grad()` before each backward pass (or after each optimiser step).

    References
    PyTorch documentation of `torch.optim.Optimizer.zero_grad`.
    """
    stale, looked = run.loop.stale_gradients, run.loop.stale_gradients + run.loop.fresh_gradients
    if looked < FEWEST or stale / looked < MOSTLY:
        yield RuledOut(f"{stale} of {looked} observed steps began with gradients left over from the step before.")
        return
    yield Seen(
        "error",
        f"{stale} of {looked} observed steps began with gradients left over from the step before: they add up.",
        "Call optimizer.zero_grad() before each loss.backward().",
        evidence={"stale_steps": stale, "observed_steps": looked, "threshold_share": MOSTLY},
    )
