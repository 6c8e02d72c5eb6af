"""What tenants.yaml says: which rules are armed for whom (R2.7), and mistakes told with file, line and tenant."""

from pathlib import Path

import pytest

from detector.catalogue.pack import TENANTS_FILE, load_plan
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.operators.attainment import Attainment
from detector.domain.operators.obligation import Obligation
from detector.domain.operators.silence import Silence
from detector.domain.plan import Plan
from tests.catalogue.written import MISTAKES, refusal, tenants


def not_armed(folder: Path, sends: str, tenant: str = "acme") -> set[str]:
    plan = load_plan(tenants(folder, f"tenants:\n  acme:\n    sends: {sends}\n"))
    return set(plan.tenant(tenant).not_armed)


def armed(plan: Plan, tenant: str) -> set[str]:
    return {rule.id for rule in plan.rules if rule.index in plan.tenant(tenant).armed}


TOO_LITTLE = {
    "golive.low_adoption",
    "licence.underused",
    "release.found_first",
    "stakeholder.roles_missing",
    "touch.unplanned",
    "training.incomplete",
}
ABSENCES = {
    *(rule.id for rule in load_plan().rules if isinstance(rule.operator, Silence | Obligation | Attainment)),
    *TOO_LITTLE,
} - {"pulse.stale"}
"""The rules of the pack that are about something missing, but for the one about pulses."""


def test_without_tenants_every_rule_is_armed_for_everybody() -> None:
    plan = load_plan()
    assert armed(plan, "anybody") == {rule.id for rule in plan.rules}


@pytest.mark.parametrize("sends", ["all", "observed"])
def test_all_and_what_is_yet_to_be_observed_arm_everything(tmp_path: Path, sends: str) -> None:
    assert not_armed(tmp_path, sends) == set()


def test_a_tenant_that_sends_nothing_listed_has_no_absence_armed_and_all_else(tmp_path: Path) -> None:
    assert not_armed(tmp_path, "[pulse.recorded]") == ABSENCES


@pytest.mark.parametrize(
    ("sends", "rule", "is_armed"),
    [
        # both what starts it and what would satisfy it
        ("[incident.opened, incident.notified]", "incident.untold", True),
        ("[incident.opened]", "incident.untold", False),
        ("[incident.notified]", "incident.untold", False),
        ("[goal.set, goal.measured]", "goal.behind_schedule", True),
        ("[goal.set]", "goal.behind_schedule", False),
        ("[goal.measured, goal.acknowledged]", "goal.achieved_unseen", True),
        ("[goal.measured]", "goal.achieved_unseen", False),
        ("[onboarding.completed, usage.recorded]", "golive.low_adoption", True),
        ("[onboarding.completed, usage.active_users]", "golive.low_adoption", True),
        ("[onboarding.completed]", "golive.low_adoption", False),
        ("[usage.recorded]", "golive.low_adoption", False),
        ("[training.enrolled, training.completed]", "training.incomplete", True),
        ("[training.enrolled]", "training.incomplete", False),
        ("[stakeholder.updated]", "stakeholder.roles_missing", True),
        ("[owner.assigned]", "owner.missing", True),
        ("[deal.closed, goal.set]", "goal.missing", True),
        ("[deal.closed]", "goal.missing", False),
        # any one of what would satisfy it is enough
        ("[docs.viewed]", "usage.dark", True),
        ("[usage.recorded]", "usage.dark", True),
        ("[usage.metered]", "usage.dark", False),
        ("[touch.logged]", "contact.dark", True),
        # a narrowed entry arms only what it fits: contact.dark counts outbound touches and waits for an answer
        ("[touch.logged: {direction: inbound}]", "contact.dark", False),
        ("[touch.logged: {direction: outbound, outcome: none}]", "contact.dark", False),
        ("[touch.logged: {direction: outbound, outcome: [none, held]}]", "contact.dark", True),
        ("[touch.logged: {direction: [inbound, outbound]}]", "contact.dark", True),
        ("[touch.logged: {direction: outbound, outcome: none}, ticket.created]", "contact.dark", True),
        (
            "[touch.logged: {direction: outbound, outcome: none}, ticket.replied: {author: agent}]",
            "contact.dark",
            False,
        ),
        (
            "[touch.logged: {direction: outbound, outcome: none}, ticket.replied: {author: customer}]",
            "contact.dark",
            True,
        ),
        ("[touch.logged: {direction: inbound}, touch.logged: {direction: outbound}]", "contact.dark", True),
        ("[touch.logged: ]", "contact.dark", True),
        # narrowed by what the rule does not ask for, it still fits
        ("[incident.opened: {severity: major}, incident.notified]", "incident.untold", True),
    ],
)
def test_a_rule_is_armed_by_what_starts_it_and_what_would_satisfy_it(
    tmp_path: Path, sends: str, rule: str, is_armed: bool
) -> None:
    assert (rule not in not_armed(tmp_path, sends)) is is_armed


def test_an_unlisted_tenant_has_the_default_row(tmp_path: Path) -> None:
    folder = tenants(tmp_path, "tenants:\n  default: {sends: [usage.recorded]}\n  acme: {sends: all}\n")
    plan = load_plan(folder)
    assert "incident.untold" not in armed(plan, "somebody")
    assert "incident.untold" in armed(plan, "acme")
    assert "default" not in plan.tenants


def test_the_later_release_of_rules_and_tenants_counts(tmp_path: Path) -> None:
    assert load_plan(tenants(tmp_path, "release: 7\ntenants: {}\n")).release == 7
    assert load_plan(tenants(tmp_path, "tenants:\n")).release == load_plan().release


def test_a_reference_for_money_is_kept_with_its_currency(tmp_path: Path) -> None:
    text = "tenants:\n  acme: {arr_reference: {minor: 12000000, currency: EUR}, machine_feeds: [meterd]}\n"
    tenant = load_plan(tenants(tmp_path, text)).tenant("acme")
    assert (tenant.arr_reference_minor, tenant.currency) == (12_000_000, "EUR")


@pytest.mark.parametrize("mistake", MISTAKES["tenants"], ids=lambda mistake: mistake["say"])
def test_a_mistake_is_told_with_file_line_and_tenant(tmp_path: Path, mistake: dict[str, str]) -> None:
    message = refusal(tenants(tmp_path, mistake["write"]))
    assert message.removeprefix(str(tmp_path / TENANTS_FILE)).startswith(mistake["say"])


@pytest.mark.parametrize(
    ("sends", "rule", "is_armed"),
    [
        # what a row's `while` asks for starts it
        ("[touch.logged, stakeholder.updated]", "sponsor.silent", True),
        ("[touch.logged, stakeholder.updated: {role: champion}]", "sponsor.silent", False),
        ("[touch.logged]", "sponsor.silent", False),
        ("[goal.set, goal.reviewed]", "goal.unreviewed", True),
        ("[goal.reviewed]", "goal.unreviewed", False),
        # what is awaited of a role starts with its naming
        ("[value.delivered, stakeholder.updated]", "value.role_gap", True),
        ("[value.delivered]", "value.role_gap", False),
        # what every account owes is started by nothing
        ("[pulse.recorded]", "pulse.stale", True),
        ("[onboarding.progressed]", "onboarding.stalled", True),
    ],
)
def test_a_silence_is_armed_by_what_it_is_judged_while(tmp_path: Path, sends: str, rule: str, is_armed: bool) -> None:
    """R2.7: a rule about something missing needs the type that starts it and one that would satisfy it."""
    assert (rule not in not_armed(tmp_path, sends)) is is_armed


def limits(plan: Plan, rule_id: str, account: str = "any", segment: str | None = None) -> tuple[int, list[str]]:
    """The usual limit of a ticket in minutes (of 24 h a business day), and all that its table says."""
    rule = next(rule for rule in plan.rules if rule.id == rule_id)
    at = Account("acme", account, f"acme/{account}", hot.new(), None)
    if segment is not None:
        at.record.profile["segment"] = (segment, 0)
    found = plan.tenant("acme").rule_for(rule, at)
    assert found is not None
    assert isinstance(found.operator, Obligation)
    allowed = found.operator.steps[0][1]
    whole = allowed.usual.amount * {"bd": 1_440, "h": 60, "m": 1}[allowed.usual.unit]
    return int(whole * allowed.part), [str(span) for _, span in allowed.table]


def test_a_limit_of_the_tenants_own_is_carried_to_the_rule_that_takes_a_part_of_it(tmp_path: Path) -> None:
    """incident.slow_ticket allows half of what support.slow_response does, for this tenant too."""
    plan = load_plan(
        tenants(
            tmp_path,
            """
tenants:
  acme:
    rules: {support.slow_response: {within: 4h}}
    segments:
      big: {support.slow_response: {within: {by: {priority: {urgent: 10m, normal: 2h}}}}}
      own: {support.slow_response: {within: 1h}, incident.slow_ticket: {within: 45m}}
      mute: {support.slow_response: {within: 1h}, incident.slow_ticket: false}
      same: {support.slow_response: {opens: [{severity: high}]}}
    accounts:
      one: {support.slow_response: {within: 20m}}
""",
        )
    )
    slow = "incident.slow_ticket"
    assert limits(plan, "support.slow_response") == (240, [])
    assert limits(plan, slow) == (120, [])
    assert limits(plan, slow, segment="big") == (60, ["10m", "2h"])
    assert limits(plan, slow, segment="own") == (45, [])
    assert limits(plan, slow, segment="same") == (120, [])
    assert limits(plan, slow, account="one") == (10, [])
    assert limits(load_plan(), slow) == (720, ["1h", "4h", "1bd", "1bd"])
    ticket = next(rule for rule in plan.rules if rule.id == slow)
    off = Account("acme", "any", "acme/any", hot.new(), None)
    off.record.profile["segment"] = ("mute", 0)
    assert plan.tenant("acme").rule_for(ticket, off) is None
