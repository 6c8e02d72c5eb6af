"""One account in memory: its hot block, its record (thawed when first needed) and what both say of it at a moment."""

from datetime import date
from typing import TYPE_CHECKING, Any, Final, final

from detector.domain.calendar import DAY_MS, Calendar, calendar_of
from detector.domain.hot import NEVER, hash8
from detector.domain.state import (
    NONE_UNKNOWN,
    AccountRecord,
    decode_account_record,
    encode_record,
    unknown_of,
)
from detector.domain.versions import StateError

RENEWAL_LINES: Final = ((30, 2), (90, 1))  # R2.8: at most so many days before the renewal, so many steps more
ONBOARDING_DAYS: Final = 180
QUIET_ONBOARDING_DAYS: Final = 30  # for an account with neither an onboarding event nor a stage (R2.8)


@final
class Account:
    """An account's state and the few facts that many rules ask for.

    `hot` is edited in place; `record` is read from its bytes at the first use. `last` is the effective time of the
    last record applied or the firing time of the last deadline, in epoch milliseconds, whichever is later; -1 for a
    new account. `first_event` is the earliest event time seen; `lost` counts what was dropped since somebody last
    looked.
    """

    __slots__ = (
        "_calendar",
        "_raw",
        "_unknown",
        "account_id",
        "first_event",
        "hot",
        "last",
        "lost",
        "path",
        "record",
        "record_dirty",
        "tenant_id",
    )

    def __init__(self, tenant_id: str, account_id: str, path: str, hot: bytearray, raw: bytes | None) -> None:
        self.tenant_id = tenant_id
        self.account_id = account_id
        self.path = path
        self.hot = hot
        self.last = -1
        self.first_event = NEVER
        self.record_dirty = False
        self.lost: dict[str, int] = {}
        self._raw = raw
        self._unknown = NONE_UNKNOWN
        self._calendar: Calendar | None = None
        if raw is None:
            self.record: AccountRecord = AccountRecord()

    if not TYPE_CHECKING:  # pragma: no branch - a type checker would take any name for a record

        def __getattr__(self, name: str) -> AccountRecord:
            """Thaw the record: the one attribute that may not be there yet, and is read too often for a property.

            Raises StateError where that is the first of `is_readable`.
            """
            if name != "record" or self._raw is None:
                raise AttributeError(name)
            record = decode_account_record(self._raw)
            self._unknown = unknown_of(record, self._raw)
            self.record, self._raw = record, None
            return record

    @property
    def frozen(self) -> bool:
        """Whether the record was not used yet."""
        return self._raw is not None

    def is_readable(self) -> bool:
        """Thaw the record and say whether it could be read."""
        try:
            return self.record is not None
        except StateError:
            return False

    def stored(self, minor: int) -> bytes:
        """The record's bytes, in this minor version of the state at least."""
        return encode_record(self.record, minor, self._unknown)

    def fact(self, name: str) -> Any:
        """The present value of a profile field; None when unknown or cleared."""
        stamped = self.record.profile.get(name)
        return None if stamped is None else stamped[0]

    @property
    def calendar(self) -> Calendar:
        """The account's own calendar."""
        found = self._calendar
        if found is None:
            found = self._calendar = calendar_of(
                self.fact("time_zone"), tuple(self.fact("working_days") or ()), tuple(self.fact("holidays") or ())
            )
        return found

    def calendar_changed(self) -> None:
        """Forget the cached calendar: a fact that it is made of has changed."""
        self._calendar = None

    def first(self, measure: str) -> int | None:
        """When the measure's matcher first held, by event time; None when never."""
        mark = self.record.marks.get(measure)
        return None if mark is None else mark[0]

    def latest(self, measure: str) -> int | None:
        """When the measure's matcher last held, by event time; None when never."""
        mark = self.record.marks.get(measure)
        return None if mark is None else mark[1]

    @property
    def left(self) -> bool:
        """Whether the customer has churned, and no deal was closed since (R2.12)."""
        churned, deal = self.latest(CHURNED), self.latest(DEAL)
        return churned is not None and (deal is None or deal < churned)

    # -- people -------------------------------------------------------------------------------------------------

    def role_of(self, stakeholder_id: str | None, carried: str | None) -> str | None:
        """The known role of a stakeholder, else the one that the event carried."""
        person = self.record.people.get(stakeholder_id) if stakeholder_id is not None else None
        return carried if person is None or person.role is None else person.role

    def named_since(self, role: str) -> int | None:
        """When the first of those who are there in a role was first named so; None where nobody is."""
        people = self.record.people.values()
        there = (one for one in people if one.role == role and not one.gone)
        return min((one.named.get(role, one.role_at) for one in there), default=None)

    def is_private(self, kind: str | None, subject: str | None) -> bool:
        """Whether a subject is not for the customer's eyes: a private milestone (R2.9)."""
        if kind != MILESTONE or subject is None:
            return False
        return bool(self.record.private.get(hash8(subject).hex(), (False, -1))[0])

    # -- contract and stage -------------------------------------------------------------------------------------

    def start(self, first_event: int) -> int:
        """`onboarding.started`, else the contract's start, else the account's first event (rules.md 1)."""
        started = self.first(STARTED)
        if started is not None:
            return started
        contract = self.contract_began()
        return first_event if contract is None else contract

    def contract_began(self) -> int | None:
        """The midnight with which the contract began; None where that is not known."""
        contract = self.fact("contract_start")
        return None if contract is None else self.calendar.local_midnight(date.fromordinal(contract))

    def onboarding_end(self, first_event: int) -> int:
        """When onboarding is over (R2.8); an instant in the future where nothing has ended it yet."""
        known = self.record.marks.get(TOUCHED) is not None or self.fact("stage") is not None
        end = self.start(first_event) + (ONBOARDING_DAYS if known else QUIET_ONBOARDING_DAYS) * DAY_MS
        completed = self.first(COMPLETED)
        if completed is not None:
            end = min(end, completed)
        past = self.first(PAST)
        if past is not None and self.fact("stage") not in (None, "onboarding"):
            end = min(end, past)
        return end

    def days_to_renewal(self, now: int) -> int | None:
        """Whole local days from today to the renewal date, negative after it; None without one."""
        renewal = self.fact("renewal_date")
        return None if renewal is None else int(renewal) - self.calendar.local_date(now).toordinal()

    def renewal_raise(self, now: int) -> int:
        """How many steps a severity is raised because the renewal is near (R2.8)."""
        days = self.days_to_renewal(now)
        if days is None or days < 0:
            return 0
        return next((steps for line, steps in RENEWAL_LINES if days <= line), 0)

    def next_renewal_line(self, now: int) -> int | None:
        """The next local midnight at which `renewal_raise` changes; None when there is none."""
        renewal = self.fact("renewal_date")
        if renewal is None:
            return None
        lines = (renewal - 90, renewal - 30, renewal + 1)
        ahead = [
            self.calendar.local_midnight(date.fromordinal(day)) for day in lines if 1 <= day <= date.max.toordinal()
        ]
        return min((t for t in ahead if t > now), default=None)


MILESTONE: Final = "milestone"
STARTED: Final = "_onboarding_started"
COMPLETED: Final = "_onboarding_completed"
TOUCHED: Final = "_onboarding"
PAST: Final = "_past_onboarding"
CHURNED: Final = "_churned"
DEAL: Final = "_deal_closed"
