"""What was learned, in one sentence, and whether to trust it, in another."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from .folder import RunFolder
from .words import counted, interval_text, score_text, wording

Trust = Literal["good", "careful", "bad", "unknown"]


@dataclass(frozen=True)
class Headline:
    """The top of the page. Texts, not markup."""

    target: str
    """Empty where nothing was evaluated."""
    before: str
    after: str
    beside: str
    """How the references do, as a sentence; empty without references."""

    @property
    def text(self) -> str:
        """Everything as plain text."""
        return f"{self.before}{self.target}{self.after} {self.beside}".strip()


@dataclass(frozen=True)
class Judgement:
    """Whether to rely on the network."""

    trust: Trust
    title: str
    reasons: tuple[str, ...]


def headline(run: RunFolder) -> Headline:
    """What is predicted of what, how well, beside a constant and a linear model."""
    metrics = run.evaluation.get("metrics") or {}
    name = leading_metric(run)
    if name not in metrics:
        return Headline("", f"Training of {source_name(run)}", "", "")
    classes = f" ({counted(len(run.classes), 'class', 'classes')})" if run.classes else ""
    held_out = run.evaluation.get("held_out")
    of_rows = f" of {held_out:,} held-out rows" if held_out else " of the held-out rows"
    metric = metrics[name]
    score = f"{score_text(name, metric['value'], metric)} ({interval_text(name, metric)})"
    if name == "accuracy":
        said = f": right for {score}{of_rows}."
    else:
        said = f": off by {score} on average, on{of_rows.removeprefix(' of')}."
    return Headline(
        str(run.task.get("target", "the target")), "Predicts ", f"{classes} of {source_name(run)}{said}", beside(run)
    )


def beside(run: RunFolder) -> str:
    """The references in the words of the headline's score."""
    name = leading_metric(run)
    metric = (run.evaluation.get("metrics") or {}).get(name)
    baseline, linear = (run.evaluation.get(key) or {} for key in ("baseline", "linear"))
    if name not in baseline:
        return ""
    sentence = run.evaluation.get("baseline_sentence") or "a constant"
    verb = "is right for" if name == "accuracy" else "is off by"
    words = f"{sentence} {verb} {score_text(name, baseline[name], metric)}"
    if name in linear:
        words += f", a linear model {'for ' if name == 'accuracy' else 'by '}{score_text(name, linear[name], metric)}"
    return words[0].upper() + words[1:] + "."


def judgement(run: RunFolder) -> Judgement:
    """Whether to rely on the network: the diagnosis first, then the scores beside the references."""
    severities = [finding.get("severity") for finding in run.findings or ()]
    reasons = _reasons(run, severities)
    constant, linear = _no_better_than(run, "baseline"), _no_better_than(run, "linear")
    if constant:
        reasons.append("Its scores cannot be told apart from always giving the same answer.")
    elif linear:
        reasons.append("A linear model does as well on these rows: the network adds nothing that they can show.")
    elif run.evaluation.get("linear"):
        reasons.append("On rows that it never saw it does better than a linear model.")
    if "error" in severities or constant:
        return Judgement("bad", "Not yet.", tuple(reasons))
    if "warning" in severities or linear:
        return Judgement("careful", "With care.", tuple(reasons))
    if run.findings is None and not run.evaluation.get("metrics"):
        return Judgement("unknown", "Not known.", ("This run was neither diagnosed nor evaluated.",))
    return Judgement("good", "Yes, as far as these checks can tell.", tuple(reasons))


def leading_metric(run: RunFolder) -> str:
    """The score of the headline."""
    return "mae" if run.task.get("kind") == "regression" else "accuracy"


def source_name(run: RunFolder) -> str:
    """What the data is called: the file's name, or the run's."""
    source = (run.settings.get("data") or {}).get("source")
    return PurePath(source).name if source else str(run.settings.get("name") or run.path.resolve().name)


def _reasons(run: RunFolder, severities: list[Any]) -> list[str]:
    if run.findings is None:
        return ["Nothing was diagnosed in this run."]
    if not run.findings:
        looked = (
            f": {counted(len(run.considered), 'illness', 'illnesses')} looked for, none found" if run.considered else ""
        )
        return [f"The run looks healthy{looked}."]
    counts = [
        counted(severities.count(severity), severity)
        for severity in ("error", "warning", "note")
        if severity in severities
    ]
    return [f"The diagnosis found {' and '.join([', '.join(counts[:-1]), counts[-1]] if counts[1:] else counts)}."]


def _no_better_than(run: RunFolder, reference: str) -> bool:
    """Whether every leading score of the reference is within or beyond the network's 95 % interval."""
    metrics, scores = run.evaluation.get("metrics") or {}, run.evaluation.get(reference) or {}
    reached = [
        scores[name] >= metrics[name]["low"]
        if wording(name).higher_is_better
        else scores[name] <= metrics[name]["high"]
        for name in ("accuracy", "log_loss", "roc_auc", "rmse", "mae")
        if name in metrics and name in scores
    ]
    return bool(reached) and all(reached)
