"""What was learned, in one sentence, and whether to trust it, in another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, get_args

from ..data.counted import counted
from ..evaluation import FEWEST_ROWS, Comparison, compare
from ..records import Metric, Severity
from .folder import RunFolder
from .words import interval_text, listed, number, score_names, score_text, spaced

FEW_ROWS = 100
"""Held-out rows below which an accuracy is known to ± 5 to 10 percentage points only."""

JOINER = "\u2060"
"""Keeps a line from breaking."""

SEVERITIES: tuple[str, ...] = get_args(Severity)
"""The gravest first."""

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
        return Headline("", f"Training of {source_name(run)}", "", _watched(run))
    classes = f" ({counted(len(run.classes), 'class', 'classes')})" if run.classes else ""
    held_out = run.evaluation.get("held_out")
    of_rows = f" of {held_out:,} held-out rows" if held_out else " of the held-out rows"
    metric = metrics[name]
    interval = interval_text(name, metric).replace("–", f"{JOINER}–{JOINER}")
    score = f"{score_text(name, metric['value'], metric)} ({interval})"
    if name == "accuracy":
        said = f": right for {score}{of_rows}."
    else:
        said = f": off by {score} on average, on{of_rows.removeprefix(' of')}."
    return Headline(
        str(run.task.get("target", "the target")), "Predicts ", f"{classes} of {source_name(run)}{said}", beside(run)
    )


def _watched(run: RunFolder) -> str:
    """What is known of someone's own loop, as a sentence; empty without facts."""
    loop, optimizer, loss = (run.facts.get(name) or {} for name in ("loop", "optimizer", "loss"))
    if not loop.get("steps"):
        return ""
    said = counted(loop["steps"], "step")
    said += f" of {optimizer['kind']}, learning rate {number(optimizer['learning_rate'])}" if optimizer else ""
    said += f", in batches of {loop['batch_size']:,}" if loop.get("batch_size") else ""
    called = loss.get("called") or spaced(str(loss.get("name", "")))
    return f"{said}{', ' if called else ''}{called}."


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
    severities = _severities([finding for finding in run.findings or () if not _treated(finding)])
    constant, linear = _beside(run, "baseline"), _beside(run, "linear")
    said = (_diverged(run), _diagnosed(run, severities), _against_references(constant, linear), _few_rows(run))
    reasons = tuple(filter(None, said))
    if "error" in severities or constant.nothing_better or run.evaluation.get("diverged"):
        return Judgement("bad", "Not yet.", reasons)
    if "warning" in severities or linear.nothing_better or _held_out(run) < FEWEST_ROWS:
        return Judgement("careful", "With care.", reasons)
    if run.findings is not None:
        return Judgement("good", "Yes, as far as these checks can tell.", reasons)
    if run.evaluation.get("metrics"):
        return Judgement("good", "Its scores say yes.", reasons)
    return Judgement("unknown", "Not known.", ("This run was neither diagnosed nor evaluated.",))


def _severities(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The worst of each illness, however many layers have it: one card on the page."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(str(finding.get("name", "")), []).append(str(finding.get("severity", "note")))
    return [worst(several) for several in found.values()]


def worst(severities: Iterable[str]) -> str:
    """The gravest of several."""
    return min(severities, key=lambda one: SEVERITIES.index(one) if one in SEVERITIES else 0)


def leading_metric(run: RunFolder) -> str:
    """The score of the headline."""
    return "mae" if run.task.get("kind") == "regression" else "accuracy"


def source_name(run: RunFolder) -> str:
    """What the data is called: the file's name, or the run's."""
    source = (run.settings.get("data") or {}).get("source")
    return PurePath(source).name if source else str(run.settings.get("name") or run.path.resolve().name)


def _diagnosed(run: RunFolder, severities: list[Any]) -> str:
    if run.findings is None:
        return "Nothing was diagnosed in this run."
    if not severities:
        if run.findings:
            treated = listed([str(finding.get("name", "")).replace("-", " ") for finding in run.findings])
            return f"The diagnosis found {treated}, and treated it: what was tried and what it brought stands below."
        sought = sum(one.get("kind", "ruled-out") == "ruled-out" for one in run.considered)
        count = counted(sought, "illness", "illnesses")
        return "The run looks healthy" + (f": {count} looked for, none found." if sought else ".")
    return (
        "The diagnosis found "
        + listed([counted(severities.count(word), word) for word in SEVERITIES if word in severities])
        + "."
    )


def _treated(finding: dict[str, Any]) -> bool:
    """Whether the run's network is the one that a treatment of this finding made better."""
    return bool((finding.get("verdict") or {}).get("kept"))


def _diverged(run: RunFolder) -> str:
    return str(run.evaluation.get("verdict", "")) if run.evaluation.get("diverged") else ""


def _few_rows(run: RunFolder) -> str:
    rows = _held_out(run)
    if rows >= FEW_ROWS:
        return ""
    said = f"Only {counted(rows, 'row was', 'rows were')} held out: "
    if rows < FEWEST_ROWS:
        return (
            f"{said}too few to tell the network from a constant or a linear model, which takes {FEWEST_ROWS} at least."
        )
    return f"{said}the scores are rough."


def _held_out(run: RunFolder) -> int:
    """Rows that the scores are of; as many as are enough where that was not kept."""
    return int(run.evaluation.get("held_out") or FEW_ROWS)


def _beside(run: RunFolder, reference: str) -> Comparison:
    metrics = {name: Metric(**values) for name, values in (run.evaluation.get("metrics") or {}).items()}
    return compare(metrics, run.evaluation.get(reference) or {}, rows=_held_out(run))


def _against_references(constant: Comparison, linear: Comparison) -> str:
    if constant.nothing_better and constant.worse:
        return f"It is worse than always giving the same answer in {score_names(constant.worse)}."
    if constant.nothing_better:
        return "Its scores cannot be told apart from always giving the same answer."
    if not linear.compared:
        return ""
    if linear.better:
        worse = f", and worse in {score_names(linear.worse)}" if linear.worse else ""
        return f"It is clearly better than a linear model in {score_names(linear.better)}{worse}."
    if linear.worse:
        return f"A linear model is better in {score_names(linear.worse)}: use that, or try another network."
    return "A linear model does as well on these rows: the network adds nothing that they can show."
