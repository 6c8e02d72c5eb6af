"""Which rules are armed for an account (R2.7), told apart by what a snapshot asks of them."""

from collections.abc import Iterable
from typing import final

import msgspec

from detector.domain.account import Account
from detector.domain.operators.obligation import Obligation
from detector.domain.plan import Plan, Rule


@final
class Armed(msgspec.Struct, frozen=True):
    """The ids of those that are not armed, in order, and those of the armed ones that are obligations."""

    not_armed: tuple[str, ...]
    obligations: tuple[Rule, ...]


@final
class Arms:
    """The armed rules of every account by one plan; a tenant without figures of its own has the same for all."""

    __slots__ = ("_of_tenant", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._of_tenant: dict[str, Armed] = {}

    def of(self, account: Account) -> Armed:
        """Those of an account."""
        name = self._plan.row_of(account.tenant_id)
        found = self._of_tenant.get(name)
        if found is None:
            tenant = self._plan.tenant(account.tenant_id)
            own = [tenant.rule_for(rule, account) for rule in self._plan.rules]
            found = self._told_apart(rule for rule in own if rule is not None)
            if not tenant.variants:
                self._of_tenant[name] = found
        return found

    def _told_apart(self, rules: Iterable[Rule]) -> Armed:
        armed = tuple(rules)
        return Armed(
            not_armed=tuple(sorted({rule.id for rule in self._plan.rules} - {rule.id for rule in armed})),
            obligations=tuple(rule for rule in armed if isinstance(rule.operator, Obligation)),
        )
