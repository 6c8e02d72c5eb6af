"""`detector rules check|list|show` as a person and a script run them."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from detector.catalogue.pack import RULES_FILE, load_plan
from detector.cli import run
from tests.catalogue.written import changed, tenants

RENEWAL = "raised by: renewal in 90 days or less: 1 step; renewal in 30 days or less: 2 steps"
SUPPORT = f"{RENEWAL}; onboarding: 1 step; together 2 steps at most"


@pytest.fixture(autouse=True)
def _no_pack_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DETECTOR_PACK", raising=False)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rules", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rules", *arguments]) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    return captured.err


def test_check_says_of_each_rule_what_it_needs_keeps_and_is_armed_by(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "check").splitlines()
    at = lines.index("incident.untold: obligation")
    assert lines[at + 1 : at + 6] == [
        "  needs: incident.notified, incident.opened, incident.resolved",
        "  keeps: incident.opened 23 bytes for each incident, at most 64 (1472 bytes)",
        "  keeps: incident.notified 23 bytes for each incident, at most 64 (1472 bytes)",
        "  keeps: incident.resolved 23 bytes for each incident, at most 64 (1472 bytes)",
        "  armed by: incident.opened; and incident.notified",
    ]
    assert lines[lines.index("usage.drop: change") + 1] == "  needs: usage.recorded"
    for rule in load_plan().rules:
        assert any(line.startswith(f"{rule.id}: ") for line in lines)


def test_check_ends_with_the_release_and_how_many_rules_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "check").splitlines()[-1] == f"release {load_plan().release}: 80 rules"


def test_check_says_which_rules_a_tenant_does_not_arm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tenants(tmp_path, "tenants:\n  acme: {sends: [usage.recorded, touch.logged, goal.set, goal.measured]}\n")
    lines = said(capsys, "check", "--pack", str(folder)).splitlines()
    told = next(line for line in lines if line.startswith("tenant acme: not armed, for want of events: "))
    names = told.partition("events: ")[2].split(", ")
    assert {"goal.achieved_unseen", "incident.untold"} <= set(names)
    assert not {"contact.dark", "goal.behind_schedule", "sponsor.left", "usage.dark"} & set(names)


@pytest.mark.parametrize("written", [None, "tenants:\n  acme: {}\n", "tenants:\n  acme: {sends: observed}\n"])
def test_check_says_what_a_tenant_sends_that_does_not_say_it(
    written: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = [] if written is None else ["--pack", str(tenants(tmp_path, written))]
    lines = said(capsys, "check", *pack).splitlines()
    assert lines[-2] == "tenants: sends is all where a row does not say it; observed counts as all until it is observed"


def test_check_refuses_a_wrong_pack_in_one_line_with_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = changed(tmp_path, "measure: last_usage", "measure: last_usge")
    where = f"{tmp_path / RULES_FILE}:{line}"
    assert refused(capsys, "check", "--pack", str(tmp_path)) == (
        f"detector: {where}: rule usage.dark: measure: no measure 'last_usge'; did you mean 'last_usage'?\n"
    )


@pytest.mark.parametrize("command", [("check",), ("list",), ("show", "usage.drop")])
def test_a_folder_that_is_not_there_is_refused(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert "the pack nowhere is no folder" in refused(capsys, *command, "--pack", "nowhere")


@pytest.mark.parametrize("command", [("check",), ("list",), ("show", "usage.drop")])
def test_a_folder_without_rules_and_tenants_is_no_pack(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tenants.yml").write_text("tenants: {}\n")
    assert f"there is no {RULES_FILE} and no tenants.yaml in {tmp_path}: " in refused(
        capsys, *command, "--pack", str(tmp_path)
    )


def test_check_says_which_pack_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "check").splitlines()[0] == "pack: built in"
    folder = tenants(tmp_path, "tenants: {}\n")
    first = said(capsys, "check", "--pack", str(folder)).splitlines()[0]
    assert first == f"pack: {folder} (tenants.yaml, the rest built in)"
    changed(tmp_path, "release", "release")
    assert said(capsys, "check", "--pack", str(folder)).splitlines()[0] == f"pack: {folder}"


@pytest.mark.parametrize("command", ["check", "list"])
def test_the_workers_variable_does_not_count_and_that_is_said(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = said(capsys, command)
    monkeypatch.setenv("DETECTOR_PACK", str(tenants(tmp_path, "release: 4711\n")))
    assert run(["rules", command]) == 0
    found = capsys.readouterr()
    assert found.out == expected
    assert found.err.startswith("note: DETECTOR_PACK is for the worker and ignored here")
    assert len(found.err.splitlines()) == 1


def test_list_has_a_header_a_line_a_rule_and_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "list").splitlines()
    words = [" ".join(line.split()) for line in lines]
    assert words[0] == "rule family operator severities"
    assert "usage.drop adoption change watch, warn, high" in words
    assert "index.drop outcomes trend warn, high, critical" in words
    assert len(lines[1:-1]) == 80
    assert lines[-1] == said(capsys, "check").splitlines()[-1]


def test_show_says_what_a_rule_of_the_pack_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "show", "contact.dark").splitlines()
    assert lines[:2] == ["contact.dark: The customer has gone dark", "why: A customer who is hard to reach (S0)"]
    assert "needs: survey.responded, ticket.created, ticket.replied, touch.logged" in lines
    assert "- severity: warn" in lines
    assert any(line.startswith("armed by: touch.logged (direction outbound); and one of ") for line in lines)


@pytest.mark.parametrize(
    ("rule", "raised"),
    [("usage.drop", RENEWAL), ("incident.untold", SUPPORT), ("goal.celebrate", None)],
)
def test_show_says_what_raises_a_severity(rule: str, raised: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    found = [line for line in said(capsys, "show", rule).splitlines() if line.startswith("raised by:")]
    assert found == ([] if raised is None else [raised])


@pytest.mark.parametrize(
    ("rule", "hint"),
    [("usage.dorp", "did you mean 'usage.drop'?"), ("zzz", "`detector rules list` says which there are")],
)
def test_an_unknown_rule_is_refused_with_the_nearest(rule: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "show", rule) == f"detector: no rule {rule!r}; {hint}\n"


def test_a_command_without_its_rule_is_a_matter_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show"]) == 2
    assert "missing argument" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "heading"), [("check", "bytes an account"), ("list", "severities")])
def test_on_a_terminal_it_is_a_table(command: str, heading: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "detector", "rules", command],
        stdout=theirs,
        env={**os.environ, "COLUMNS": "160", "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end is closed: all was read
        pass
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert heading in text
    assert "─" in text
    assert "goal.behind_schedule" in text
