"""A diagnosis can be repeated from the run's folder, and says the same."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import backlight as bl
from backlight.cli.app import run as cli
from backlight.cli.commands import diagnose as diagnose_command
from backlight.doctor import diagnose, from_plain
from backlight.records import BacklightError, Considered, Verdict
from backlight.runs.diagnosis import rediagnose
from backlight.watch import read_facts, watch


def watched_loop(folder, rate: float = 3.0):
    """A loop with an unscaled input column, trained at far too high a rate, saved as a folder."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), rate)
    x = torch.randn(320, 6) * torch.tensor([1.0, 1, 1, 1, 1, 500])
    y = torch.randint(3, (320,))
    with watch(model, optimizer) as seen:
        for _ in range(6):
            for rows in torch.randperm(320).split(32):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                nn.functional.cross_entropy(model(x), y)
    seen.save(folder)
    return seen


@pytest.mark.parametrize("rate", [3.0, 1e30], ids=["finite", "not finite"])
def test_a_saved_loop_is_diagnosed_as_when_it_was_watched(tmp_path, rate):
    seen = watched_loop(tmp_path, rate)
    again = rediagnose(tmp_path)
    assert seen.findings
    assert [str(one) for one in again.findings] == [str(one) for one in seen.findings]
    assert list(again.considered) == seen.considered


def test_facts_survive_the_file(tmp_path):
    seen = watched_loop(tmp_path, 1e-5)
    facts = read_facts(tmp_path)
    assert facts.layers == seen.facts.layers
    assert facts.loss == seen.facts.loss
    assert facts.optimizer == seen.facts.optimizer
    assert facts.losses == seen.facts.losses
    assert facts.units == seen.facts.units
    assert facts.targets.counts == seen.facts.targets.counts
    np.testing.assert_array_equal(facts.inputs.column_std, seen.facts.inputs.column_std)


def test_no_row_of_the_data_is_in_the_facts(tmp_path):
    torch.manual_seed(1)
    watched_loop(tmp_path)
    assert "sample" not in json.loads((tmp_path / "facts.json").read_text())


def test_command_prints_findings_and_what_was_ruled_out(tmp_path, capsys):
    seen = watched_loop(tmp_path)
    assert cli(["diagnose", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"run", "findings", "considered"}
    assert [one["name"] for one in told["findings"]] == [one.name for one in seen.findings]
    assert [Considered(**one) for one in told["considered"]] == seen.considered
    assert cli(["diagnose", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"1. {seen.findings[0].severity}: {seen.findings[0].name}")
    assert "Evidence: " in printed
    assert printed.count("\n") < 20
    assert f"{len(seen.considered)} more were considered: " in printed
    assert "looked for and ruled out" in printed and "--all" in printed


def test_command_counts_no_more_where_nothing_was_found(tmp_path, capsys):
    seen = watched_loop(tmp_path)
    diagnose_command.show_findings([])
    diagnose_command.show_considered(seen.considered, beside=0, listed=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith(f"Nothing wrong was found. {len(seen.considered)} illnesses were considered: ")


def test_command_lists_every_reason_on_demand(tmp_path, capsys):
    seen = watched_loop(tmp_path)
    assert cli(["diagnose", str(tmp_path), "--all"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "--all" not in printed
    assert all(f"{one.name}: {one.reason.split()[0]}" in printed for one in seen.considered)


def test_verdicts_that_were_reached_stay(tmp_path):
    watched_loop(tmp_path)
    path = tmp_path / "findings.json"
    findings = json.loads(path.read_text())
    findings[0] |= {"treatment": "tried", "verdict": vars(Verdict("better", "accuracy", 0.1, 0.05, 0.15, 3))}
    path.write_text(json.dumps(findings))
    first = rediagnose(tmp_path).findings[0]
    assert first.treatment == "tried"
    assert first.verdict == Verdict("better", "accuracy", 0.1, 0.05, 0.15, 3)


def test_command_says_which_findings_are_of_the_network_before_it_was_treated(tmp_path, capsys):
    watched_loop(tmp_path)
    path = tmp_path / "findings.json"
    findings = json.loads(path.read_text())
    verdict = Verdict("better", "log_loss", -0.1, -0.15, -0.05, 3, kept=True)
    findings[0] |= {"treatment": "init", "verdict": vars(verdict)}
    path.write_text(json.dumps(findings))
    assert cli(["diagnose", str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "1. treated: " + findings[0]["name"] in printed and "network as it was (folder untreated)" in printed


def test_a_trained_run_tells_its_diagnosis_again(tmp_path):
    run = bl.train("sklearn:wine", epochs=2, out=tmp_path / "run")
    again = run.diagnose()
    assert [one.name for one in again.findings] == [one.name for one in run.findings]
    kept = json.loads((run.folder / "considered.json").read_text())
    assert [(one.name, one.reason) for one in again.considered] == [(one["name"], one["reason"]) for one in kept]
    (run.folder / "facts.json").unlink()  # as an earlier version left it
    assert run.diagnose().considered == again.considered
    older = [{"name": one["name"], "reason": one["reason"]} for one in kept]
    (run.folder / "considered.json").write_text(json.dumps(older))
    assert [one.reason for one in run.diagnose().considered] == [one["reason"] for one in kept]


def test_a_folder_without_a_diagnosis_is_refused_in_a_sentence(tmp_path, capsys):
    assert cli(["diagnose", str(tmp_path / "none")]) == 2
    assert "no run folder" in capsys.readouterr().err
    watched_loop(tmp_path)
    values = json.loads((tmp_path / "facts.json").read_text())
    with pytest.raises(BacklightError, match="format"):
        from_plain(values | {"format": 99})
    with pytest.raises(BacklightError, match="damaged"):
        diagnose(from_plain(values | {"layers": 3}))
