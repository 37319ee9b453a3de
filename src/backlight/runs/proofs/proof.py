"""Proof of treatments: treated and untreated side by side, and what a change drawn at random brings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...doctor import Case, Treatment, all_diagnoses, all_treatments, diagnose
from ...evaluation.side_by_side import difference, judged
from ...records import INTERRUPTED, TIME_LIMIT, BacklightError, Finding, ImageInputs, Metric, TableInputs, Verdict
from ...records.config import Config
from .bench import Bench, CutShortError, Outcome

SEEDS = (8, 5, 3)
"""Trainings of each side, fewer where time is short. Below three the spread over seeds is not known."""
CHOOSING = 2
"""Trainings of each of several treatments of one finding, of which the validation rows choose one. They take no part in
the verdict, nor do those rows: what looked best by chance has to prove itself anew."""
MOST_FINDINGS = 3
"""Findings of one run that are treated one behind another: each is proven on top of those before."""


@dataclass
class Proof:
    """What came of treating a run."""

    config: Config
    """The settings with every treatment that was kept."""
    findings: list[Finding] = field(default_factory=list)
    """Those that a treatment was tried for, with treatment and verdict, in the order tried."""
    kept: list[str] = field(default_factory=list)
    """Names of the treatments that were better."""
    left: dict[str, str] = field(default_factory=dict)
    """Name of a finding that nothing was tried for → why."""
    stopped: str = ""
    """"interrupted" (Ctrl-C) or "time limit", where that ended the proof; or why the treated settings were refused."""
    trainings: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One finding's best treatment beside the untreated settings and random changes."""

    treatment: str
    config: Config
    treated: list[Outcome]
    verdict: Verdict


class Prover:
    """Tries treatments of findings on a bench, keeps what is better.

    Parameters
    ----------
    bench:
        Trains; its deadline bounds all.
    config:
        Of the run, with nothing left open.
    unsafe:
        Whether treatments that should be asked for may be tried.
    seconds_each:
        What one training takes.
    tell:
        Is told each step in a sentence.
    """

    def __init__(
        self,
        bench: Bench,
        config: Config,
        *,
        unsafe: bool = False,
        seconds_each: float = 0.0,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.bench, self.unsafe, self.tell = bench, unsafe, tell
        self.seconds_each = seconds_each
        self.networks = config.training.ensemble or 1
        self.proof = Proof(alone(config))
        self.untreated: list[Outcome] = []

    def prove(self, findings: Sequence[Finding], *, notes: bool = False, most: int = MOST_FINDINGS) -> Proof:
        """Treat the findings, most important first; what remains is judged again after each that was kept.

        notes: whether findings of severity note are treated, too. most: findings that are treated at most.
        """
        began, handled = time.monotonic(), set[str]()
        pending = list(findings)
        while pending and len(self.proof.findings) < most:
            finding = pending.pop(0)
            if finding.name in handled or (finding.severity == "note" and not notes):
                continue
            handled.add(finding.name)
            try:
                trial = self._trial(finding)
            except (CutShortError, KeyboardInterrupt) as error:
                self._stop(str(error) or INTERRUPTED, [finding, *pending], notes=notes)
                break
            except BacklightError as error:  # one that cannot be tried leaves what others brought
                self.proof.left[finding.name] = str(error).rstrip(".")
                continue
            if trial is not None and trial.verdict.kept:
                facts = trial.treated[0].facts
                pending = list(diagnose(facts).findings) if facts is not None else []
        self.proof.seconds = time.monotonic() - began
        return self.proof

    def _stop(self, why: str, without: Sequence[Finding], *, notes: bool) -> None:
        """Write down what ended the proof, and which findings are left without one."""
        self.proof.stopped = why
        early = "Ctrl-C came" if why == INTERRUPTED else "there was no time left"
        tried = {one.name for one in self.proof.findings}
        for finding in without:
            if finding.name not in tried and (notes or finding.severity != "note"):
                self.proof.left.setdefault(finding.name, f"{early} before a treatment was proven")

    def _trial(self, finding: Finding) -> Trial | None:
        candidates = self._candidates(finding)
        if not candidates:
            return None
        trial = self._side_by_side(finding, candidates, self.seeds_for(len(candidates)))
        self.proof.findings.append(replace(finding, treatment=trial.treatment, verdict=trial.verdict))
        if trial.verdict.kept:
            self.proof.config, self.untreated = trial.config, trial.treated
            self.proof.kept.append(trial.treatment)
        self.tell(f"{finding.name}: {sentence(trial.treatment, trial.verdict)}")
        return trial

    # -- what is tried ----------------------------------------------------------------------------------------------

    def _candidates(self, finding: Finding) -> dict[str, Config]:
        """Treatments of the finding that can be applied, by name; why not is kept where there is none."""
        rule, known, reasons = all_diagnoses().get(finding.name), all_treatments(), []
        found: dict[str, Config] = {}
        for name in rule.treatments if rule is not None else ():
            one = known[name]
            if not one.safe and not self.unsafe:
                reasons.append(f"{name} is to be asked for: {one.reason}")
                continue
            try:
                found[name] = self._applied(one, finding)
            except BacklightError as error:
                reasons.append(str(error).rstrip("."))
        if not found:
            self.proof.left[finding.name] = "; ".join(reasons) or "it has no treatment by settings: do as prescribed"
        return found

    def _applied(self, one: Treatment, finding: Finding | None) -> Config:
        treated = one(self.proof.config, self._case(finding))
        self.bench.check(treated)
        return treated

    def _case(self, finding: Finding | None) -> Case:
        parts = self.bench.assembled(self.proof.config).prepared
        inputs = parts.inputs
        columns = tuple(f.name for f in inputs.features) if isinstance(inputs, TableInputs) else ()
        return Case(
            finding,
            rows=len(parts.train.rows),
            columns=columns or parts.preprocessing.columns,
            outputs=parts.task.outputs,
            images=isinstance(inputs, ImageInputs),
            networks=self.networks,
        )

    def _random(self, finding: Finding, seeds: int) -> list[tuple[Config, int]]:
        """For each training another treatment, drawn from all that can be applied and do not take longer."""
        rng = np.random.default_rng([self.bench.seed, *finding.code.encode()])
        names = [name for name, one in all_treatments().items() if one.safe and not one.dearer]
        drawn: list[tuple[Config, int]] = []
        for name in rng.permutation(names):
            if len(drawn) == seeds:
                break
            try:
                drawn.append((self._applied(all_treatments()[name], None), len(drawn)))
            except BacklightError:
                continue
        return drawn

    def seeds_for(self, candidates: int) -> int:
        """Number of the trainings of each side; fewer where time is short.

        Raises CutShortError where not even the fewest would fit.
        """
        left = np.inf if self.bench.deadline is None else self.bench.deadline - time.monotonic()
        for many in SEEDS:
            trainings = many * (2 if self.untreated else 3) + (candidates * CHOOSING if candidates > 1 else 0)
            if trainings * self.seconds_each < left:
                return many
        raise CutShortError(TIME_LIMIT)

    # -- side by side -----------------------------------------------------------------------------------------------

    def _side_by_side(self, finding: Finding, candidates: dict[str, Config], seeds: int) -> Trial:
        name = self._chosen(candidates)
        config = candidates[name]
        random = self._random(finding, seeds)
        untreated = [(self.proof.config, number) for number in range(len(self.untreated), seeds)]
        done = self._train([*((config, number) for number in range(seeds)), *random, *untreated], look=0)
        treated, changed = done[:seeds], done[seeds : seeds + len(random)]
        self.untreated += done[seeds + len(random) :]
        verdict = self._verdict(all_treatments()[name], config, treated, changed)
        return Trial(name, config, treated, verdict)

    def _chosen(self, candidates: dict[str, Config]) -> str:
        """The treatment that the validation rows choose; its trainings are not those that the verdict is taken from."""
        if len(candidates) == 1:
            return next(iter(candidates))
        numbers = range(SEEDS[0], SEEDS[0] + CHOOSING)
        done = iter(self._train([(config, number) for config in candidates.values() for number in numbers]))
        return self._best({name: [next(done) for _ in numbers] for name in candidates})

    def _train(self, trainings: Sequence[tuple[Config, int]], look: int | None = None) -> list[Outcome]:
        self.proof.trainings += sum(config.training.ensemble or 1 for config, _ in trainings)
        return self.bench.train(trainings, look=look)

    def _best(self, tried: dict[str, list[Outcome]]) -> str:
        """The treatment with the lowest validation loss, or the first that these rows cannot tell from it.

        A diagnosis names first what is more likely to help, and changes less. It is passed over only where another is
        better by more than a standard error over the validation rows (Breiman et al., Classification and Regression
        Trees, 1984, section 3.4.3), which are often no more than some dozens.
        """
        known, losses = all_treatments(), dict[str, np.ndarray]()
        for name, outcomes in tried.items():
            weights = [self.bench.weights(known[name].judged_by, one.config, one.number)[0] for one in outcomes]
            losses[name] = np.concatenate(
                [judged(*one.validation, w) for one, w in zip(outcomes, weights, strict=True)]
            )
        best = min(losses, key=lambda name: float(losses[name].mean()))

        def as_good(name: str) -> bool:
            if losses[name].shape != losses[best].shape:
                return False
            behind = losses[name] - losses[best]
            return bool(behind.mean() <= behind.std() / (len(behind) / CHOOSING) ** 0.5)

        return next(name for name in losses if as_good(name))

    def _verdict(self, one: Treatment, config: Config, treated: list[Outcome], changed: list[Outcome]) -> Verdict:
        task = self.bench.first.task
        hidden = [name for name in config.data.drop if name not in self.proof.config.data.drop]
        unknown = hidden if one.judged_by == "loss-without-columns" else []

        def scored(outcome: Outcome, found: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
            return judged(*found, self.bench.weights(one.judged_by, self.proof.config, outcome.number)[1])

        def losses(side: list[Outcome]) -> np.ndarray:
            known = [self.bench.without(outcome, unknown) for outcome in side] if unknown else side
            return np.stack([scored(outcome, found.held_out) for outcome, found in zip(side, known, strict=True)])

        def beside(others: list[Outcome]) -> np.ndarray:
            """Losses of the untreated settings; each member of several networks is a training of those."""
            if all(alone(outcome.config) == alone(self.proof.config) and outcome.members for outcome in others):
                return np.stack([np.mean([scored(o, each) for each in o.members], axis=0) for o in others])
            return losses(self.untreated[: len(others)])

        def against(others: list[Outcome]) -> Metric:
            return difference(task, beside(others), losses(others), crossed=self.bench.crossed)

        found = against(treated)
        word = "better" if found.high < 0 else "worse" if found.low > 0 else "no-difference"
        balanced = "balanced_" if one.judged_by == "balanced-loss" and task.classes else ""
        where = f"_without_{'_and_'.join(unknown)}" if unknown else ""
        return Verdict(
            word,  # type: ignore[arg-type]
            ("rmse" if task.kind == "regression" else f"{balanced}log_loss") + where,
            found.value,
            found.low,
            found.high,
            len(treated),
            against(changed).value if changed else None,
            kept=word == "better",
        )


def alone(config: Config) -> Config:
    """The settings for a single network, whatever time it takes."""
    single = {"ensemble": 1, "folds": False, "time_limit": None}
    return config.model_copy(update={"training": config.training.model_copy(update=single)})


def sentence(treatment: str, verdict: Verdict) -> str:
    """A treatment and its verdict in one sentence."""
    words = {"better": "helped", "no-difference": "made no difference to be seen", "worse": "made it worse"}
    metric = verdict.metric.replace("log_loss", "log-loss").replace("rmse", "RMSE").replace("_", " ")
    random = "" if verdict.random_change is None else f"; changes drawn at random brought {verdict.random_change:+.3g}"
    return (
        f"{treatment} {words[verdict.word]}: held-out {metric} {verdict.difference:+.3g} "
        f"[{verdict.low:+.3g}, {verdict.high:+.3g}] over {verdict.seeds} seeds{random}."
    )
