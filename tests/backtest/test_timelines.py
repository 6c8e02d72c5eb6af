"""`detector rules test`: a pack's own examples, run; what differs is told as one would write it in a timeline."""

from pathlib import Path
from shutil import copytree

import pytest

from detector.catalogue.pack import BUILT_IN, RULES_FILE, TENANTS_FILE
from detector.cli import run

DARK = "examples/usage_dark.yaml"
NAMED = f"examples: {DARK}"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The built-in pack in a folder of its own, with its timelines."""
    (tmp_path / RULES_FILE).write_text((BUILT_IN / RULES_FILE).read_text("utf-8"), "utf-8")
    copytree(BUILT_IN / "examples", tmp_path / "examples")
    return tmp_path


def change(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text("utf-8")
    assert old in text, f"{old!r} is no longer in {file}: the test shows nothing"
    (pack / file).write_text(text.replace(old, new, 1), "utf-8")


def told(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> list[str]:
    assert run(["rules", "test", *arguments]) == code
    captured = capsys.readouterr()
    assert code == 78 or captured.err == ""
    return (captured.err if code == 78 else captured.out).splitlines()


def test_the_built_in_pack_passes_its_own_examples(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, 0, "usage.dark", "incident.untold")
    assert lines[:3] == [
        lines[0],
        "incident.untold",
        "  opens     passed  An outage that nobody announces is noticed after half an hour",
    ]
    assert "usage.dark" in lines
    assert lines[-1].startswith("2 rules, ")
    assert lines[-1].endswith(" 0 failed, 0 rules without all three kinds")


def test_what_differs_is_told_line_by_line_and_ends_with_1(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(pack, RULES_FILE, "{severity: warn, after: 15d}", "{severity: high, after: 16d}")
    lines = told(capsys, 1, "usage.dark", "--pack", str(pack))
    at = next(number for number, line in enumerate(lines) if "FAILED" in line)
    assert lines[at].startswith("  opens     FAILED  After 15 days without usage it warns")
    (difference,) = [line for line in lines[at + 1 : at + 3] if "expected" in line][:1]
    assert "expected {at: " in difference
    assert "transition: opened, severity: warn}, got {at: " in difference
    assert "transition: opened, severity: high}" in difference


def test_a_missing_and_an_unexpected_transition_are_both_told(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        pack,
        RULES_FILE,
        "skip: [holidays]\n    opens:\n      - {severity: warn, after: 15d}",
        "opens:\n      - {severity: warn, after: 15d}",
    )
    lines = told(capsys, 1, "usage.dark", "--pack", str(pack))
    assert any(line.strip().startswith("expected nothing, got {at: ") for line in lines)
    change(pack, RULES_FILE, "{severity: warn, after: 15d}", "{severity: warn, after: 700d}")
    change(pack, RULES_FILE, "{severity: critical, after: 30d}", "{severity: critical, after: 800d}")
    lines = told(capsys, 1, "usage.dark", "--pack", str(pack))
    assert any(line.endswith(", got nothing") for line in lines)


def test_an_event_that_cannot_be_used_fails_its_timeline(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(pack, "examples/incident_untold.yaml", "severity: major", "severity: mayor")
    lines = told(capsys, 1, "incident.untold", "--pack", str(pack))
    assert any(line.strip().startswith("an event cannot be used: schema: severity") for line in lines)


def test_a_rule_without_one_of_the_three_kinds_is_told(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (pack / DARK).read_text("utf-8").replace("shows: near_miss", "shows: opens")
    (pack / DARK).write_text(text, "utf-8")
    lines = told(capsys, 1, "usage.dark", "--pack", str(pack))
    assert "  MISSING   no timeline shows near miss" in lines
    assert lines[-1].endswith(" 0 failed, 1 rule without all three kinds")


def test_the_tenants_of_a_pack_do_not_disarm_its_examples(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / TENANTS_FILE).write_text("tenants:\n  default: {sends: [usage.recorded]}\n", "utf-8")
    told(capsys, 0, "incident.untold", "--pack", str(pack))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (RULES_FILE, NAMED, "examples: examples/usage_drak.yaml", "usage_drak.yaml"),
        (RULES_FILE, NAMED, "examples: examples/usage_drop.yaml", "is 'usage.drop', but usage.dark names it"),
        (DARK, "rule: usage.dark", "rule: usage.drak", "its rule is 'usage.drak', but usage.dark names it"),
        (DARK, "shows: opens", "shows: open", "shows: "),
        (DARK, "usage.recorded", "usage.recordd", "did you mean 'usage.recorded'?"),
    ],
)  # fmt: skip
def test_broken_timelines_are_refused_in_one_line_with_78(
    pack: Path, file: str, old: str, new: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(pack, file, old, new)
    (line,) = told(capsys, 78, "--pack", str(pack))
    assert says in line


def test_timelines_that_no_rule_names_are_refused(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / "examples/forgotten.yaml").write_text("rule: usage.forgotten\ntimelines: []\n", "utf-8")
    (line,) = told(capsys, 78, "--pack", str(pack))
    assert line.endswith("forgotten.yaml: no rule of the pack names it in its `examples`")


def test_an_unknown_rule_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = told(capsys, 78, "usage.dorp")
    assert line.endswith("the pack has no rule 'usage.dorp'; did you mean 'usage.drop'?")
