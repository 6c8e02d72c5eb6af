"""The plan: what a pack compiles to: for every event class the updates it causes and rules it wakes."""

from collections.abc import Mapping
from typing import Any, Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import Duration
from detector.domain.conditions import Condition
from detector.domain.events import Event
from detector.domain.measures import Kept, Mark
from detector.domain.state import Episode
from detector.domain.verdict import Moment, Operator, Verdict, earliest

DAY_KEEP: Final = 7 * 86_400_000  # R2.2: how long OFF must hold before an alert resolves, where a row does not say


@final
class Action(msgspec.Struct, frozen=True):
    """What to do about an alert: the play's name and sentence, whose it is, and by when."""

    play: str
    summary: str
    owner: str
    within: Duration


@final
class Rule(msgspec.Struct, frozen=True):
    """One row of the pack, ready to judge. `index` is its place in the plan, `keep_ms`, `hold_ms` R2.2's keep and for.

    `explain` says in a sentence what is wrong, `over` what has changed since; both name an operator's numbers in
    braces. `proves` tells that a fact from before the due time proves the alert never to have held (silences,
    obligations). `starts` and `satisfies` are the event types of which a tenant must send one each for the rule to be
    armed (R2.7), each with the narrowing it needs; empty: always armed. `when` must hold for it to be judged at all
    (the row's `while`). `stratum` is 1 for a rule over measures; a rule that names others, the index or the confidence
    comes after all that it names (rules.md 11).
    """

    id: str
    index: int
    version: int
    family: str
    operator: Operator
    title: str
    explain: str
    over: str
    why: str
    action: Action
    polarity: str = "risk"
    keep_ms: int = DAY_KEEP
    hold_ms: int = 0
    proves: bool = False
    starts: tuple[Mapping[str, Any], ...] = ()
    satisfies: tuple[Mapping[str, Any], ...] = ()
    when: Condition | None = None
    stratum: int = 1

    @property
    def names(self) -> frozenset[str]:
        """What it is judged by beside measures: see `Operator.names`."""
        return self.operator.names if self.when is None else self.operator.names | self.when.names

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """The operator's verdict while the condition holds; OFF where it does not."""
        if self.when is None:
            return self.operator.judge(account, subject, moment, episode)
        held = self.when.held(account, moment, subject)
        if not held.holds:
            return Verdict(off=True, due=held.due, how=held.text)
        if held.since > moment.since:
            moment = msgspec.structs.replace(moment, since=held.since)
        verdict = self.operator.judge(account, subject, moment, episode)
        verdict.due = earliest(verdict.due, held.due)
        return verdict


@final
class Entry(msgspec.Struct, frozen=True):
    """What an event of a class does: the measures it updates and the rules it wakes, each with a subject's field.

    A rule (by its id) that stands in `only` is woken only where one of these updates, by their places, takes the event.
    """

    updates: tuple[Kept, ...] = ()
    wakes: tuple[tuple[Rule, str | None], ...] = ()
    only: Mapping[str, frozenset[int]] = {}


@final
class Variants(msgspec.Struct, frozen=True):
    """A rule with a tenant's own figures: of the tenant, of its segments, of single accounts; None: switched off.

    `accounts` gives each account's own by the segment that it is in, None for any that has no figures of its own.
    """

    own: Rule | None
    segments: Mapping[str, Rule | None] = {}
    accounts: Mapping[str, Mapping[str | None, Rule | None]] = {}

    def rule_for(self, account: Account) -> Rule | None:
        """The nearest: account over segment over tenant."""
        segment = account.fact("segment")
        own = self.accounts.get(account.account_id)
        if own is not None:
            return own.get(segment, own[None])
        return self.segments.get(segment, self.own)

    def rules(self) -> tuple[Rule, ...]:
        """All of them that are not switched off."""
        every = (self.own, *self.segments.values(), *(rule for own in self.accounts.values() for rule in own.values()))
        return tuple(rule for rule in every if rule is not None)


@final
class Tenant(msgspec.Struct, frozen=True):
    """What is a tenant's own: which rules are armed (by index), their figures, and the revenue that is full money."""

    armed: frozenset[int]
    not_armed: tuple[str, ...]
    arr_reference_minor: int | None = None
    currency: str | None = None
    variants: Mapping[int, Variants] = {}

    def rule_for(self, rule: Rule, account: Account) -> Rule | None:
        """The rule as it holds for an account; None where it is not armed or switched off."""
        if rule.index not in self.armed:
            return None
        variants = self.variants.get(rule.index)
        return rule if variants is None else variants.rule_for(account)

    def forms_of(self, rule: Rule) -> tuple[Rule, ...]:
        """The rule in every form that it has for some account of the tenant."""
        variants = self.variants.get(rule.index)
        return (rule,) if variants is None else variants.rules()


@final
class Plan(msgspec.Struct, frozen=True):
    """A compiled pack. `tenants` holds the rows of tenants.yaml, `default` the row of unlisted ones."""

    release: int
    rules: tuple[Rule, ...]
    entries: Mapping[type[Event], Entry]
    tenants: Mapping[str, Tenant]
    default: Tenant
    human_touch: Mark

    def row_of(self, tenant_id: str) -> str:
        """The name of a tenant's row; "" for the default one, which all unlisted tenants share."""
        return tenant_id if tenant_id in self.tenants else ""

    def tenant(self, tenant_id: str) -> Tenant:
        """The row of a tenant, or the default one."""
        return self.tenants.get(tenant_id, self.default)
