"""Results as lines and as the table of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .case import Result

HEAD = "| finding | treatment | better | mean difference, 95 % | random change |\n|---|---|---|---|---|"
JUDGED = ("better", "no-difference", "worse")
_METRICS = {"log_loss": "log-loss", "balanced_log_loss": "balanced log-loss", "rmse": "RMSE"}


def line(result: Result) -> str:
    """One result in a line."""
    told = f"{result.finding}: {result.case}, seed {result.seed}: {result.outcome}"
    if result.outcome in JUDGED:
        v = result.verdict
        named = f" ({result.named})" if result.named not in ("", result.finding) else ""
        told += (
            f" by {result.treatment}{named}, {v['metric']} {v['difference']:+.3g} [{v['low']:+.3g}, {v['high']:+.3g}]"
        )
        told += f", random {v['random_change'] or 0:+.3g}"
    elif result.reason:
        told += f" ({result.reason})"
    return f"{result.seconds:6.1f} s  {told}; found {', '.join(result.found) or 'nothing'}"


def table(results: Sequence[Result]) -> str:
    """A row for each finding, in the order of the results."""
    names = dict.fromkeys(one.finding for one in results)
    return "\n".join([HEAD, *(_row(name, [one for one in results if one.finding == name]) for name in names)])


def _row(name: str, results: Sequence[Result]) -> str:
    judged = [one for one in results if one.outcome in JUDGED]
    better = sum(one.outcome == "better" for one in judged)
    other = {word: sum(one.outcome == word for one in results) for word in ("not found", "refused", "untreated")}
    left = "".join(f", {count} {word}" for word, count in other.items() if count)
    treatments = ", ".join(sorted({one.treatment for one in judged})) or "–"
    cells = [_cells(judged, metric) for metric in sorted({one.verdict["metric"] for one in judged})]
    differences, random = ("; ".join(parts) for parts in zip(*cells, strict=True)) if cells else ("–", "–")
    return f"| {name} | {treatments} | {better} of {len(judged)}{left} | {differences} | {random} |"


def _cells(judged: Sequence[Result], metric: str) -> tuple[str, str]:
    """Mean difference with the mean ends of its intervals, and what random changes brought."""
    verdicts = [one.verdict for one in judged if one.verdict["metric"] == metric]
    numbers = [[v["difference"], v["low"], v["high"], v["random_change"] or 0.0] for v in verdicts]
    value, low, high, random = np.mean(numbers, axis=0)
    return (
        f"{_METRICS.get(metric, metric.replace('_', ' '))} {_signed(value)} ({_signed(low)} to {_signed(high)})",
        _signed(random),
    )


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3f}".replace("-", "−")
