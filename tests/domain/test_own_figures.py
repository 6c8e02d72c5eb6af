"""A tenant's own figures: account over segment over tenant over pack (design.md 4); mistakes told at their place."""

from pathlib import Path

import pytest

from detector.catalogue.pack import TENANTS_FILE, load_plan
from detector.domain.events import AccountUpdated, UsageRecorded
from detector.domain.plan import Plan
from tests.catalogue.written import refusal, tenants
from tests.domain.world import DAY, HOUR, Story, World

OWN = """
tenants:
  acme:
    rules: {usage.dark: {opens: [{severity: watch, after: 3d}]}}
    segments:
      smb: {usage.dark: {opens: [{severity: info, after: 5d}]}}
      vip: {usage.dark: off}
    accounts:
      special: {usage.dark: {opens: [{severity: high, after: 7d}], title: Own words}}
      quiet: {usage.dark: off}
"""


def plan(folder: Path, text: str = OWN) -> Plan:
    return load_plan(tenants(folder, text))


def dark(plan: Plan, account_id: str, segment: str | None, tenant_id: str = "acme", days: int = 20) -> World:
    story = Story(account_id, tenant_id)(0, AccountUpdated, segment=segment)(HOUR, UsageRecorded, topic="usage")
    return story.world(days * DAY, plan=plan)


@pytest.mark.parametrize(
    ("account_id", "segment", "said"),
    [
        ("plain", None, ("2026-01-08T01:00:00.000Z", "watch")),
        ("plain", "enterprise", ("2026-01-08T01:00:00.000Z", "watch")),
        ("plain", "smb", ("2026-01-10T01:00:00.000Z", "info")),
        ("special", "smb", ("2026-01-12T01:00:00.000Z", "high")),
        ("special", None, ("2026-01-12T01:00:00.000Z", "high")),
        ("special", "vip", ("2026-01-12T01:00:00.000Z", "high")),  # what is nearer switches on again
    ],
)
def test_the_nearest_figures_count(tmp_path: Path, account_id: str, segment: str | None, said: tuple[str, str]) -> None:
    found = dark(plan(tmp_path), account_id, segment).of("usage.dark")
    assert [(alert.detected_at, alert.severity) for alert in found] == [said]


def test_words_that_are_not_given_stay(tmp_path: Path) -> None:
    special, plain = (dark(plan(tmp_path), account_id, None).of("usage.dark")[0] for account_id in ("special", "plain"))
    assert special.title == "Own words"
    assert plain.title == "Nobody uses the product any more"
    assert special.recommended_action.play == plain.recommended_action.play


@pytest.mark.parametrize(("account_id", "segment"), [("quiet", None), ("quiet", "smb"), ("plain", "vip")])
def test_a_rule_that_is_off_says_nothing_and_is_shown_as_not_armed(
    tmp_path: Path, account_id: str, segment: str | None
) -> None:
    world = dark(plan(tmp_path), account_id, segment, days=60)
    assert world.of("usage.dark") == []
    assert "usage.dark" in world.health[-1].not_armed


def test_other_tenants_have_the_figures_of_the_pack(tmp_path: Path) -> None:
    world = dark(plan(tmp_path), "special", "smb", tenant_id="other")
    assert [(alert.detected_at, alert.severity) for alert in world.of("usage.dark")] == [
        ("2026-01-20T01:00:00.000Z", "warn")
    ]
    assert "usage.dark" not in world.health[-1].not_armed


def test_an_account_that_comes_into_a_segment_is_judged_by_its_figures(tmp_path: Path) -> None:
    story = Story("plain", "acme")(0, UsageRecorded, topic="usage")(4 * DAY, AccountUpdated, segment="smb")
    said = story.world(6 * DAY, plan=plan(tmp_path)).said("usage.dark")
    assert [(transition, severity) for _, transition, severity, _ in said] == [("opened", "watch"), ("eased", "info")]


DROP = """
tenants:
  acme:
    segments: {smb: {usage.drop: {opens: [{severity: high, drop: 0.1}]}}}
"""


def test_a_daily_rule_is_woken_by_the_most_sensitive_of_its_figures(tmp_path: Path) -> None:
    """The hot block alone says whom to skip: not those for whom a smaller drop counts."""
    story = Story("plain", "acme", topic="usage")(0, AccountUpdated, segment="smb")
    for day in range(50):
        count = 1000 if day < 36 else 880
        if day % 7 < 5:
            story(day * DAY + 9 * HOUR, UsageRecorded, count=count)
    world = story.world(50 * DAY, plan=plan(tmp_path, DROP))
    assert [severity for _, transition, severity, _ in world.said("usage.drop") if transition == "opened"] == ["high"]
    assert story.world(50 * DAY).of("usage.drop") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {usage.drak: off}", "no rule 'usage.drak'; did you mean 'usage.dark'?"),
        ("segments: {smb: {usage.drak: {}}}", "no rule 'usage.drak'; did you mean 'usage.dark'?"),
        (
            "rules: {usage.dark: {opens: [{severity: wran, after: 3d}]}}",
            "opens.0.severity: unknown 'wran'",
        ),
        ("accounts: {a: {usage.dark: {opns: []}}}", "unknown word 'opns'; did you mean 'opens'?"),
        ("rules: {usage.dark: {family: support}}", "'family' is the same for everybody: leave it out"),
        ("rules: {usage.dark: 7}", "rules.usage.dark"),
        ("rules: {support.flood: {measure: tickets_8d}}", "no measure 'tickets_8d'; did you mean 'tickets_7d'?"),
        ("rules: {usage.dark: {explain: 'For {dys} days'}}", "explain: nothing is called 'dys'; did you mean 'days'?"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_tenant(tmp_path: Path, text: str, said: str) -> None:
    message = refusal(tenants(tmp_path, f"tenants:\n  acme:\n    sends: all\n    {text}\n"))
    assert message.startswith(f"{tmp_path / TENANTS_FILE}:4: tenant acme: ")
    assert said in message


def test_off_may_be_written_as_off(tmp_path: Path) -> None:
    written = plan(tmp_path, "tenants:\n  acme: {rules: {usage.dark: off}}\n")
    assert dark(written, "plain", None, days=60).of("usage.dark") == []
