"""What a side-by-side run showed of a treatment, in a sentence."""

from collections.abc import Mapping
from typing import Any

from ..data.counted import counted
from .words import decimals, minus, wording

_OUTCOMES = {
    "better": "it helped: with it, the {metric} is {size} lower",
    "no-difference": "no difference to be seen: with it, the {metric} is {size} {worse}",
    "worse": "it made things worse: with it, the {metric} is {size} higher",
}


def verdict_sentence(verdict: Mapping[str, Any]) -> str:
    """Outcome, interval, seeds, and what changes drawn at random brought; of a verdict as findings.json holds it."""
    low, high, difference = (float(verdict.get(key, 0.0)) for key in ("low", "high", "difference"))
    places = decimals(high - low)
    drawn = verdict.get("random_change")
    beside = (
        "" if drawn is None else f" For comparison, other treatments drawn at random brought {_signed(drawn, places)}."
    )
    said = _OUTCOMES[str(verdict.get("word"))].format(
        metric=wording(str(verdict.get("metric", ""))).within_a_sentence,
        worse="higher" if difference > 0 else "lower",
        size=f"{abs(difference):,.{places}f}",
    )
    return (
        f"{said} (95 % interval of the difference {_signed(low, places)} to {_signed(high, places)}, "
        f"{counted(int(verdict.get('seeds', 1)), 'seed')}, held-out rows of the training data).{beside}"
    )


def _signed(value: float, places: int) -> str:
    text = f"{value:+,.{places}f}"
    return minus(text) if text.strip("+-0.,") else text.lstrip("+-")
