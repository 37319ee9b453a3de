"""Numbers and scores in words that a newcomer can read."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONSIDERED = {
    "explained": "seen but explained by a finding",
    "ruled-out": "looked for and ruled out",
    "unknown": "not to be looked at here",
}
"""Kinds of `Considered`, in the order in which they are told, and what is said of them."""

THIN = "\u202f"
"""Narrow no-break space: between a number and its unit."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Wording:
    """How a score is called, which way is better, and what it means."""

    title: str
    meaning: str
    higher_is_better: bool
    share: bool = False
    """Shown in percent."""

    @property
    def within_a_sentence(self) -> str:
        """The title without its capital, unless it is an abbreviation."""
        return (
            self.title if self.title[1:2].isupper() or len(self.title) < 3 else self.title[0].lower() + self.title[1:]
        )


METRICS = {
    "accuracy": Wording("Accuracy", "Share of rows whose most probable class is the right one.", True, share=True),
    "error_rate": Wording("Error rate", "Share of rows whose most probable class is wrong: 1 − accuracy.", False, True),
    "log_loss": Wording(
        "Log-loss",
        "Mean of −ln p(right class). It punishes being sure and wrong; 0 is perfect, and ln 2 ≈ 0.69 is tossing a coin "
        "between two classes.",
        False,
    ),
    "balanced_log_loss": Wording(
        "Balanced log-loss", "Log-loss in which each class weighs as much as any other, however few rows it has.", False
    ),
    "probability_of_right_class": Wording(
        "p(right class)", "Mean probability that was given to the class that was right.", True, share=True
    ),
    "roc_auc": Wording(
        "ROC-AUC",
        "How often a row of a class is ranked above a row of another; 0.5 is guessing, 1 is perfect.",
        True,
    ),
    "calibration_error": Wording(
        "Calibration error",
        "Mean distance between a predicted probability and how often it comes true; 0 is perfect.",
        False,
        share=True,
    ),
    "rmse": Wording("RMSE", "Root of the mean squared error: a typical error, in which large ones weigh more.", False),
    "mae": Wording("MAE", "Mean absolute error: how far off a prediction is on average.", False),
    "r2": Wording("R²", "Share of the target's variation that is explained; 0 is always saying the mean.", True),
}


def wording(name: str) -> Wording:
    """The wording of a metric; one that is not known here is shown by its own name."""
    return METRICS.get(name) or Wording(name.replace("_", " "), "", True)


def score_names(names: Sequence[str]) -> str:
    """Scores by their titles, within a sentence: `accuracy and log-loss`."""
    return listed([wording(name).within_a_sentence for name in names])


def decimals(width: float) -> int:
    """Decimals that an interval of this width supports: about a twentieth of the width stays visible."""
    if not width or not math.isfinite(width):
        return 3
    return max(0, min(6, 1 - math.floor(math.log10(abs(width) / 0.5))))


def score_text(name: str, value: float | None, metric: dict[str, Any] | None = None) -> str:
    """A score as text, with as many decimals as the interval of `metric` supports."""
    if value is None or not math.isfinite(value):
        return "–"
    share = wording(name).share
    scale = 100 if share else 1
    places = decimals((metric["high"] - metric["low"]) * scale) if metric else 3
    if share:
        return f"{value * 100:.{max(1, places)}f}{THIN}%"
    return minus(f"{value:,.{places}f}")


def interval_text(name: str, metric: dict[str, Any]) -> str:
    """Both ends of the 95 % interval: `86.4–87.8 %`."""
    low, high = (score_text(name, metric[end], metric) for end in ("low", "high"))
    return f"{low.removesuffix(f'{THIN}%')}–{high}"


def minus(text: str) -> str:
    """A formatted number with a true minus sign, and none before zero."""
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def number(value: Any) -> str:
    """Any value as a reader expects it: thousands separated, four significant digits, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return minus(f"{int(value):,}")
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    return minus(powers(f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"))


def powers(text: str) -> str:
    """Numbers such as 5.7e-08 in a text as 5.7 · 10⁻⁸; 1e-3, as people write learning rates, stays."""
    return re.sub(
        r"(?<![\w.])(\d(?:\.\d+)?)e([+-]\d\d+)\b",
        lambda found: f"{found[1]}{THIN}·{THIN}10{str(int(found[2])).translate(RAISED)}",
        text,
    )


def cell(value: Any) -> str:
    """A value of the user's data, as it was: a year is no quantity, so thousands are not separated."""
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return minus(f"{int(value)}")
        return minus(f"{value:.4g}" if abs(value) < 1000 else f"{value:.6g}")
    return minus(str(value)) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def percent(value: float | None) -> str:
    """A share in percent, with digits that keep a small one visible: `0.035 %`."""
    if value is None:
        return "–"
    if 0 < value < 0.0001:
        return f"<{THIN}0.01{THIN}%"
    places = 1 if value >= 0.01 or value <= 0 else min(6, 1 - math.floor(math.log10(value * 100)))
    return f"{value * 100:.{places}f}{THIN}%"


def duration(seconds: float | None) -> str:
    """Seconds in the units that a person would use."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.2g}{THIN}s" if seconds < 10 else f"{seconds:.0f}{THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{THIN}min {rest:02d}{THIN}s"
    return f"{minutes // 60}{THIN}h {minutes % 60:02d}{THIN}min"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def spaced(name: str) -> str:
    """A name of the code as words: `dead-units` → `dead units`."""
    return name.replace("-", " ").replace("_", " ")


def shape(sizes: Any) -> str:
    """The shape of one example: `3 × 32 × 32`."""
    if not sizes and sizes != 0:
        return "–"
    return " × ".join(f"{size}" for size in sizes) if isinstance(sizes, list | tuple) else str(sizes)
