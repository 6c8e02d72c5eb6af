"""What every account owes from its first event on, whatever that is: the rules that have to be asked about a new one.

Most rules have nothing to say before an event of their own comes. Which ones do is found by asking each of an account
of which nothing is known: a verdict that can change by time alone, or says anything at all, makes the rule one of them.
"""

from collections.abc import Iterable
from typing import Final

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.plan import Rule
from detector.domain.verdict import GRACE_MS, Moment

_NOW: Final = 1_700_000_000_000
_FIRST_EVENTS: Final = (_NOW, _NOW - 400 * DAY_MS)  # of now, and of long before it was recorded


def owed(tenant_id: str, forms: Iterable[Rule]) -> bool:
    """Whether a rule, in any of the forms that a tenant has of it, has to be asked about a new account."""
    return any(_waits(Account(tenant_id, "", "", hot.new(), None), form) for form in forms)


def _waits(account: Account, rule: Rule) -> bool:
    for first_event in _FIRST_EVENTS:
        moment = Moment(_NOW, _NOW - GRACE_MS, first_event, _NOW)
        for subject in rule.operator.subjects(account, moment):
            verdict = rule.judge(account, subject, moment, None)
            if verdict.level or verdict.due is not None or verdict.explained is not None:
                return True
    return False
