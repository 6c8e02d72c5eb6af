"""`python -m deploy.checks` says of each check whether it is well, what is not, and gives 1 where anything is not."""

import shutil
from pathlib import Path

import pytest

from deploy.checks import __main__ as checks
from deploy.checks import kubernetes, promql, runbooks, tools


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert checks.main({"one": [], "another": iter(())}) == 0
    assert capsys.readouterr().out.splitlines() == ["ok      one", "ok      another"]


def test_one_that_fails_is_told_with_everything_wrong_and_the_others_run_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(runbooks.RUNBOOKS, tmp_path / "runbooks")
    (tmp_path / "runbooks/DetectorAbsent.md").unlink()
    (tmp_path / "runbooks/DetectorOdd.md").write_text("# DetectorOdd\n")
    spoiled = runbooks.problems(promql.rules(), tmp_path / "runbooks")
    assert checks.main({"before": [], "every alert has its runbook": spoiled, "behind": []}) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok      before",
        "FAILED  every alert has its runbook",
        "        DetectorOdd.md: there is no such alert",
        "        DetectorAbsent: has no runbook",
        "ok      behind",
    ]


def test_a_check_of_its_own_that_fails_fails_the_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the way that `make check-deploy` goes, without its tools."""
    alone = "every alert has its runbook"
    every = checks.every
    monkeypatch.setattr(tools, "missing", list)
    monkeypatch.setattr(checks, "every", lambda: {alone: every()[alone]})
    assert checks.main() == 0
    monkeypatch.setattr(promql, "rules", lambda: [{"alert": "DetectorOdd"}])
    assert checks.main() == 1
    assert "FAILED  every alert has its runbook\n" in capsys.readouterr().out


def test_what_make_check_deploy_runs_is_everything() -> None:
    """A check that nobody calls finds nothing."""
    assert len(checks.every()) == 9 + len(kubernetes.OVERLAYS)
