"""Proof of treatments: treated and untreated side by side, and what a change drawn at random brings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from ...doctor import Case, Treatment, all_diagnoses, all_treatments, diagnose
from ...records import INTERRUPTED, TIME_LIMIT, BacklightError, Finding, ImageInputs, TableInputs, Verdict
from ...records.config import Config
from ...report import verdict_sentence
from .bench import Bench, CutShortError, Outcome
from .weighing import alone, best, verdict

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
        What one training takes by itself; side by side it is less, and measured as soon as some have been.
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
        name = self._chosen(candidates)
        does = all_treatments()[name].does
        self.tell(f"{finding.name}: trying {name}, which is to {does[0].lower()}{does[1:]}")
        trial = self._side_by_side(finding, name, candidates[name])
        self.proof.findings.append(replace(finding, treatment=trial.treatment, verdict=trial.verdict))
        if trial.verdict.kept:
            self.proof.config, self.untreated = trial.config, trial.treated
            self.proof.kept.append(trial.treatment)
        said = verdict_sentence(asdict(trial.verdict))
        self.tell(f"{finding.name}, treated with {trial.treatment}: {said}")
        return trial

    # -- what is tried ----------------------------------------------------------------------------------------------

    def _candidates(self, finding: Finding) -> dict[str, Config]:
        """Treatments of the finding that can be applied, by name; why not is kept where there is none."""
        rule, known = all_diagnoses().get(finding.name), all_treatments()
        found, reasons = dict[str, Config](), list[str]()
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
        self.bench.check(treated, self.proof.config, one.judged_by)
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

    def seeds(self, done: int = 0) -> int:
        """Number of the trainings of each side, of which so many are done; fewer where time is short.

        More than the first may take half of the time that is left: other findings wait for their turn.

        Raises CutShortError where not even the fewest would fit.
        """
        for many in (number for number in SEEDS if number > done):
            sides = 3 if many > len(self.untreated) else 2
            if (many - done) * sides * self.seconds_each < self._left() / (2 if done else 1):
                return many
        if not done:
            raise CutShortError(TIME_LIMIT)
        return done

    def _left(self) -> float:
        return np.inf if self.bench.deadline is None else self.bench.deadline - time.monotonic()

    # -- side by side -----------------------------------------------------------------------------------------------

    def _side_by_side(self, finding: Finding, name: str, config: Config) -> Trial:
        """As many trainings of each side as fit; what they took tells whether there is time for more."""
        random, treated, changed = self._random(finding, SEEDS[0]), list[Outcome](), list[Outcome]()
        while len(treated) < (many := self.seeds(len(treated))):
            begun = len(treated)
            more = [(config, number) for number in range(begun, many)]
            untreated = [(self.proof.config, number) for number in range(len(self.untreated), many)]
            try:
                done = iter(self._train([*more, *random[begun:many], *untreated], look=None if begun else 0))
            except CutShortError as error:
                if not begun or str(error) != TIME_LIMIT:
                    raise
                break
            treated += [next(done) for _ in more]
            changed += [next(done) for _ in random[begun:many]]
            self.untreated += done
        found = verdict(self.bench, all_treatments()[name], self.proof.config, self.untreated, treated, changed)
        return Trial(name, config, treated, found)

    def _chosen(self, candidates: dict[str, Config]) -> str:
        """The treatment that the validation rows choose; its trainings are not those that the verdict is taken from.

        They may take half of the time that is left. Where not even one of each treatment fits, it is the first.
        """
        each = len(candidates) * self.seconds_each
        many = next((many for many in range(CHOOSING, 0, -1) if many * each < self._left() / 2), 0)
        if len(candidates) == 1 or not many:
            return next(iter(candidates))
        numbers = range(SEEDS[0], SEEDS[0] + many)
        done = iter(self._train([(config, number) for config in candidates.values() for number in numbers]))
        return best(self.bench, {name: [next(done) for _ in numbers] for name in candidates})

    def _train(self, trainings: Sequence[tuple[Config, int]], look: int | None = None) -> list[Outcome]:
        many, began = sum(config.training.ensemble or 1 for config, _ in trainings), time.monotonic()
        self.proof.trainings += many
        done = self.bench.train(trainings, look=look)
        self.seconds_each = min(self.seconds_each, (time.monotonic() - began) / max(1, many))
        return done
