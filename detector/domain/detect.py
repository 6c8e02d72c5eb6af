"""The order, written once: fold an event in, judge the rules it wakes, step their alerts, note what a reader sees.

Rules are judged by strata (rules.md 11): those over measures, then those over what others say. Alerts are made once all
are judged, so that each body shows the account as the whole step left it. Pure but for the account it is given, which
is changed in place. What came of it is collected in `alerts` and `touched`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Literal, TypeAlias, final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import Alert, DeadlineTrigger, RecordTrigger, ValueIndex, alert_of, ended_with_rule, iso
from detector.domain.armed import Arms
from detector.domain.calendar import DAY_MS, days_of
from detector.domain.erasure import PERSON, forget_person, is_about
from detector.domain.events import (
    AccountErased,
    AccountMerged,
    AlertFeedback,
    DataExported,
    DocsViewed,
    Event,
    GoalMeasured,
    StakeholderErased,
    UsageActiveUsers,
    UsageRecorded,
)
from detector.domain.evidence import HEARD, take
from detector.domain.facts import FOLDS, WAKE_ALL, goal_measured
from detector.domain.feedback import meant
from detector.domain.health import Health, health_of
from detector.domain.history import NONE, moved_on, note
from detector.domain.index import INDEX, Assessment, Index, arr_at_risk, awaits_usage, grade_of, losses_of
from detector.domain.lifecycle import close, forget_spans, retold
from detector.domain.lifecycle import step as life
from detector.domain.limits import ALERT_BYTES, CAP, grown_by, keep_small, wake_at
from detector.domain.measures import Log
from detector.domain.operators.trend import Trend
from detector.domain.owed import owed
from detector.domain.plan import Entry, Plan, Rule, Tenant
from detector.domain.state import Episode
from detector.domain.verdict import GRACE_MS, Moment, Verdict, earliest

# Bits of the hot block's mask.
USAGE: Final = 1  # a rule waits for usage: it has no deadline, or an alert
_FULL: Final = 2  # daily evaluations must not take the short cut: an alert, or a calendar of the account's own
_CHANGED: Final = 4  # facts changed since the last snapshot
_MOVED: Final = 8  # the index has changed not so long ago, or a trend has an alert: trends are judged by the day

CHURNED_SAYS: Final = "The customer has left: nothing is expected of the account until a deal is closed."
ERASED_SAYS: Final = "The account was erased: nothing of it is kept."
PERSON_SAYS: Final = "The person whom it was about is to be forgotten."
REMOVED_SAYS: Final = "The rule is not judged for this account any more."
RULE_CHANGE: Final = "rule_change"
MERGED_SAYS: Final = "The account went into {into}: it is looked at there."

POINT: Final = 10  # tenths: a move of the index that a reader sees at once
EACH_DAY_BYTES: Final = 16  # of a record, for one more value of the index

_encode: Final = msgspec.json.Encoder().encode

Asked: TypeAlias = tuple[Rule, str | None]  # a rule to judge, on one subject or (None) on all
Begins: TypeAlias = Literal["", "anew", "new"]  # whether an event is the earliest known, and the first of a new account


@final
class _Came(msgspec.Struct, gc=False):
    """A transition of which the alert is still to be made."""

    rule: Rule
    episode: Episode
    verdict: Verdict
    transition: str
    previous: int | None


@final
class _Step(msgspec.Struct):
    """One event or deadline of one account: what asks, and what came of it so far.

    `moved` names what rules of later strata may have to look at again: rules, families as `family:NAME`, `index` and
    `confidence`. `gone` are the last bodies of alerts whose rules are no more.
    """

    account: Account
    moment: Moment
    trigger: RecordTrigger | None
    came: list[_Came] = []
    moved: set[str] = set()
    origin: str = "live"
    gone: list[Alert] = []


@final
class Detect:
    """Applies events and deadlines to accounts by one plan; `alerts` and `touched` are for the caller to take away.

    `unknown_feedback` counts what was said of alerts that are not known, and `suppressed` what was not published and
    why, until the caller takes it; `grades` counts accounts by grade, where the caller begins with those there are.
    """

    __slots__ = (
        "_arms", "_assessed", "_begin", "_by_id", "_daily", "_forms", "_good", "_index", "_keeping", "_later", "_logs",
        "_plan", "_reach", "_trends", "_unsure", "_usage", "alerts", "grades", "noted", "suppressed", "touched",
        "unknown_feedback",
    )  # fmt: skip

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_id = {rule.id: rule for rule in plan.rules}
        self._daily = tuple(rule for rule in plan.rules if rule.operator.daily)
        new = Account("", "", "", hot.new(), None)
        self._keeping = tuple(
            rule for rule in self._daily if any(rule.operator.measures) or rule.operator.needs_record(new)
        )
        self._index = Index(plan)
        self._arms = Arms(plan)
        self._good = frozenset(rule.id for rule in plan.rules if rule.polarity == "good")
        later = (rule for rule in plan.rules if rule.stratum > 1)
        self._later = tuple((rule, rule.names) for rule in sorted(later, key=lambda rule: (rule.stratum, rule.index)))
        self._unsure = frozenset(rule.id for rule, names in self._later if "confidence" in names)
        kept = (kept for entry in plan.entries.values() for kept in entry.updates)
        self._logs = {log.name: log.fields for log in kept if isinstance(log, Log)} | {HEARD.name: HEARD.fields}
        self._trends = tuple(rule for rule in plan.rules if isinstance(rule.operator, Trend))
        forms = (form for tenant in (plan.default, *plan.tenants.values()) for form in _forms_of(tenant, self._trends))
        self._reach = max((form.operator.reach for form in forms if isinstance(form.operator, Trend)), default=0)
        self._forms: dict[str, tuple[tuple[int, Rule], ...]] = {}
        self._begin: dict[tuple[str, type[Event]], tuple[Asked, ...]] = {}
        self._assessed: tuple[Account | None, Moment | None, Assessment | None] = (None, None, None)
        usage = plan.entries.get(UsageRecorded)
        self._usage: tuple[Asked, ...] = usage.wakes if usage is not None else ()
        self.alerts: list[Alert] = []
        self.noted = 0
        self.touched: dict[Account, Moment] = {}
        self.unknown_feedback = 0
        self.grades: Counter[str] = Counter()
        self.suppressed: Counter[str] = Counter()

    # -- events -----------------------------------------------------------------------------------------------------

    def usage(self, event: UsageRecorded, account: Account, now: int, trigger: RecordTrigger, begins: Begins) -> None:
        """Judge the rules that wait for usage; the hot block has taken the event in already."""
        step = _Step(account, self._at(account, now, event), trigger)
        if begins:
            self._first(step, begins)
        else:
            self._step(step, self._usage)

    def event(
        self, event: Event, event_hash: bytes, account: Account, now: int, trigger: RecordTrigger, begins: Begins
    ) -> None:
        """Take any other event in, which is no duplicate, and judge the rules that it wakes."""
        account.record_dirty = True
        cls = event.__class__
        self._usage_marks(event, account)
        take(event, event_hash, account)
        fold = FOLDS.get(cls)
        if fold is not None:
            fold(event, account)
        elif isinstance(event, GoalMeasured):
            goal_measured(event, account, event_hash)
        entry = self._plan.entries.get(cls)
        took = set()
        if entry is not None:
            took = {place for place, kept in enumerate(entry.updates) if kept.fold(event, event_hash, account)}
        account.record.size += grown_by(event)
        moment = self._at(account, now, event)
        hot.set_wake_mask(account.hot, hot.wake_mask(account.hot) | _CHANGED)
        answered = self._meant(event, account) if isinstance(event, AlertFeedback) else []
        turned = account.record.asleep != account.left
        if turned and account.left:
            self._leave(account, moment, trigger)
            return
        if turned:
            account.record.asleep, account.record.awake = False, now
            moment = self._at(account, now, event)
        step = _Step(account, moment, trigger)
        if isinstance(event, StakeholderErased):
            self._forget(step, event.stakeholder_id)
        if begins:
            self._first(step, "anew" if cls in WAKE_ALL or turned else begins)
        elif cls in WAKE_ALL or turned:
            self._everything(step)
        else:
            wakes = () if entry is None else woken(entry, took)
            asked = [(rule, None if field is None else getattr(event, field)) for rule, field in wakes]
            self._step(step, [*asked, *answered])

    def _meant(self, event: AlertFeedback, account: Account) -> list[Asked]:
        """The rule and subject of the alert that feedback is about: its verdict and what was said are one step."""
        episode = meant(event, account)
        rule = None if episode is None else self._by_id.get(episode.rule)
        if episode is None or rule is None:
            self.unknown_feedback += 1
            return []
        return [(rule, episode.subject)]

    def _leave(self, account: Account, moment: Moment, trigger: RecordTrigger) -> None:
        """The customer has left: alerts end, and rules sleep until a deal is closed (R2.12)."""
        record = account.record
        record.asleep, record.pending, record.wake, record.notes = True, {}, {}, {}
        self._close(account, moment, trigger, "account_ended", CHURNED_SAYS)
        record.episodes = []
        self._settle(account, moment, self._index.assess(account, moment))

    def ended(self, event: AccountErased | AccountMerged, account: Account, now: int, trigger: RecordTrigger) -> None:
        """Nothing will be kept of the account any more: whatever is open ends."""
        how, says = "account_ended", ERASED_SAYS
        if isinstance(event, AccountMerged):
            how, says = "superseded", MERGED_SAYS.format(into=event.into_account_id)
        self._close(account, self._at(account, now, event), trigger, how, says)
        del self.touched[account]

    def _close(self, account: Account, moment: Moment, trigger: RecordTrigger, how: str, says: str) -> None:
        step = _Step(account, moment, trigger)
        self._end(step, account.record.episodes, how, says)
        self._step(step, ())

    def _end(self, step: _Step, episodes: list[Episode], how: str, says: str, *, nameless: bool = False) -> None:
        """End those of these alerts that are open, and let a reader see it."""
        for episode in episodes:
            rule = self._by_id.get(episode.rule)
            if rule is not None and episode.status != "resolved":
                came, verdict = close(step.account, rule, episode, step.moment, how, says, nameless=nameless)
                step.came.append(_Came(rule, episode, verdict, "resolved", came.previous))
        self._touch(step.account, step.moment)

    def _forget(self, step: _Step, who: str) -> None:
        """Forget a person: alerts about them end, and what others say of them is said anew without the name."""
        record = step.account.record
        about = [episode for episode in record.episodes if is_about(episode, who)]
        record.episodes = [episode for episode in record.episodes if not is_about(episode, who)]
        self._end(step, about, "superseded", PERSON_SAYS, nameless=True)
        rules = (rule.id for rule in self._plan.rules if rule.operator.kind == PERSON)
        forget_person(step.account, who, self._logs, rules)

    def _usage_marks(self, event: Event, account: Account) -> None:
        at = event.occurred_at
        if isinstance(event, UsageActiveUsers):
            hot.set_active_users(account.hot, at, event.active_users, event.period_days)
            if event.active_users > 0:
                hot.mark_usage(account.hot, hot.ACTIVE_USERS, at)
        elif isinstance(event, DocsViewed | DataExported):
            kind = hot.DOCS_VIEWED if isinstance(event, DocsViewed) else hot.DATA_EXPORTED
            who = event.stakeholder_id
            hot.add_usage(account.hot, at // DAY_MS, 0, None if who is None else hot.member_hash(who), at, kind)

    # -- time -------------------------------------------------------------------------------------------------------

    def idle(self, tenant_id: str, block: bytes | bytearray, due: int) -> bool:
        """Whether the hot block alone shows that a daily evaluation finds nothing new."""
        return not hot.wake_mask(block) & (_FULL | _CHANGED | _MOVED) and self._quiet(tenant_id, block, due)

    def _quiet(self, tenant_id: str, block: bytes | bytearray, due: int) -> bool:
        first = hot.first_seen(block)
        age = 0 if first is None else days_of(first, due)
        for needs, rule in self._daily_of(tenant_id):
            if needs > age:  # so do all that follow
                return True
            if not rule.operator.quiet(block, due):
                return False
        return True

    def _daily_of(self, tenant_id: str) -> tuple[tuple[int, Rule], ...]:
        """The daily rules in every form that the tenant has, by the days of history that each needs."""
        name = self._plan.row_of(tenant_id)
        forms = self._forms.get(name)
        if forms is None:
            tenant = self._plan.tenant(tenant_id)
            armed = (rule for rule in self._daily if rule.index in tenant.armed)
            found = ((form.operator.history_days or 0, form) for rule in armed for form in tenant.forms_of(rule))
            forms = self._forms[name] = tuple(sorted(found, key=lambda one: one[0]))
        return forms

    def time(self, account: Account, due: int, *, daily: bool) -> None:
        """Judge at `due` the rules whose deadline has come, and at the account's own minute (`daily`) the daily ones.

        A reader sees once a day what else has changed.
        """
        mask, moment = hot.wake_mask(account.hot), self._at(account, due)
        rules = []
        if hot.next_wake(account.hot) <= due:
            wake = account.record.wake
            for rule_id in sorted(wake):
                rule = self._by_id.get(rule_id)
                if rule is not None and wake[rule_id] <= due:
                    rules.append(rule)
                elif rule is None and rule_id != INDEX:
                    del wake[rule_id]
        if daily and account.record.release != self._plan.release:
            self._judge_anew(account, moment)
        elif daily and (mask & _FULL or not self._quiet(account.tenant_id, account.hot, due)):
            found = self._may_find(account, due) + (self._stirring(account, moment) if mask & _MOVED else [])
            rules = [self._by_id[name] for name in sorted({rule.id for rule in (*rules, *found)})]
            forget_spans(account, due)
        elif daily and mask & _MOVED:
            rules += self._stirring(account, moment)
        if rules or hot.next_wake(account.hot) <= due:
            self._step(_Step(account, moment, None), [(rule, None) for rule in rules])
        if daily and mask & _CHANGED:
            self._touch(account, moment)
            hot.set_wake_mask(account.hot, hot.wake_mask(account.hot) & ~_CHANGED)

    def _judge_anew(self, account: Account, moment: Moment) -> None:
        """The first daily evaluation under another release of the pack: every rule is judged, what is gone is ended."""
        record = account.record
        record.release = self._plan.release
        record.standing.judged_on = -1  # who can judge is another question now
        forget_spans(account, moment.now)
        step = _Step(account, moment, None, origin=RULE_CHANGE)
        trigger = DeadlineTrigger(iso(moment.now))
        for episode in [episode for episode in record.episodes if episode.rule not in self._by_id]:
            record.episodes = [other for other in record.episodes if other is not episode]
            ended = None if episode.status == "resolved" else ended_with_rule(episode, moment.now, trigger)
            if ended is not None:
                step.gone.append(ended)
        for kept in (record.notes, record.spans, record.wake):
            for name in [name for name in kept if name.partition("|")[0] not in self._by_id and name != INDEX]:
                del kept[name]
        record.pending = {name: held for name, held in record.pending.items() if name.partition("|")[0] in self._by_id}
        self._step(step, [(rule, None) for rule in self._plan.rules])

    def _stirring(self, account: Account, moment: Moment) -> list[Rule]:
        """The trends that have an alert or would open now; once the index has rested for long, nobody is asked."""
        record = account.record
        if record.spans:
            forget_spans(account, moment.now)
            account.record_dirty = True
        live, moved = {episode.rule for episode in record.episodes}, moved_on(record.standing)
        rests = moved is None or moment.now // DAY_MS - 1 - moved > self._reach
        if rests and not record.spans and live.isdisjoint(rule.id for rule in self._trends):
            hot.set_wake_mask(account.hot, hot.wake_mask(account.hot) & ~_MOVED)
            return []
        tenant = self._plan.tenant(account.tenant_id)
        own = ((rule, tenant.rule_for(rule, account)) for rule in self._trends)
        return [
            rule
            for rule, form in own
            if form is not None
            and isinstance(form.operator, Trend)
            and (rule.id in live or ((record.spans or not rests) and form.operator.stirs(account, moment)))
        ]

    def _may_find(self, account: Account, due: int) -> list[Rule]:
        """The daily rules that have something to watch, or may find something; with holidays, those that go by them."""
        told, calendar = _told(account), account.calendar
        found = []
        for rule in self._daily:
            own = self._plan.tenant(account.tenant_id).rule_for(rule, account)
            if (
                own is None
                or (calendar.has_holidays and own.operator.by_business_days)
                or rule.id in told
                or own.operator.needs_record(account)
                or not own.operator.quiet(account.hot, due, calendar.week)
            ):
                found.append(rule)
        return found

    def _everything(self, step: _Step) -> None:
        """Judge every rule that is not a daily one: the account is new, or something that all depend on has changed."""
        rules = (rule for rule in self._plan.rules if not rule.operator.daily)
        self._step(step, [(rule, None) for rule in rules])

    def _first(self, step: _Step, begins: Begins) -> None:
        """An event of before all others was taken in: begin, perhaps anew, to wait for what every account owes."""
        event = step.moment.event
        if begins == "new" and event is not None:
            self._step(step, self._owed(step.account.tenant_id, event.__class__))
        else:
            self._everything(step)
        self._touch(step.account, step.moment)

    def _owed(self, tenant_id: str, cls: type[Event]) -> tuple[Asked, ...]:
        """Whom to ask about a new account: the rules that its first event wakes, and those that wait from then on."""
        name = self._plan.row_of(tenant_id)
        found = self._begin.get((name, cls))
        if found is None:
            tenant, entry = self._plan.tenant(tenant_id), self._plan.entries.get(cls)
            woken = set() if entry is None else {rule.id for rule, _ in entry.wakes}
            rules = (rule for rule in self._plan.rules if not rule.operator.daily and rule.index in tenant.armed)
            found = self._begin[name, cls] = tuple(
                (rule, None) for rule in rules if rule.id in woken or owed(tenant_id, tenant.forms_of(rule))
            )
        return found

    def health(self, account: Account) -> Health:
        """The snapshot of an account that was touched, at the moment when it was."""
        moment = self.touched.pop(account)
        of, at, index = self._assessed
        if of is not account or at is not moment or index is None:
            index = self._index.assess(account, moment)
        return health_of(account, self._arms.of(account), index, moment)

    def _touch(self, account: Account, moment: Moment) -> None:
        """A reader shall see the account as it is now."""
        account.record.standing.told = account.record.standing.value
        account.record_dirty = True
        self.touched[account] = moment

    def _at(self, account: Account, now: int, event: Event | None = None) -> Moment:
        """The moment of an event that is recorded at `now`, or of a deadline; waits begin when it was won back."""
        first_event, awake = hot.first_seen(account.hot), account.record.awake
        first_seen = max(hot.first_record(account.hot), awake)
        settled = now if event is None else now - GRACE_MS
        return Moment(now, settled, 0 if first_event is None else first_event, first_seen, event, awake)

    # -- judging ------------------------------------------------------------------------------------------------------

    def _step(self, step: _Step, asked: Iterable[Asked]) -> None:
        """Judge who is asked, by strata; in a later one also whoever names what has moved. Then tell what came of it.

        A daily rule is judged when it is asked, and at no other time.
        """
        step.account.record_dirty = True
        waiting: dict[str, list[str | None]] = {}
        for rule, only in asked:
            if rule.stratum == 1:
                self._judge(step, rule, only)
            else:
                waiting.setdefault(rule.id, []).append(only)
        account, standing = step.account, step.account.record.standing
        before, index = standing.value, self._assess(step) if self._may_move(step, waiting) else None
        for rule, names in self._later if waiting or step.moved else ():
            if not rule.operator.daily and not step.moved.isdisjoint(names):
                self._judge(step, rule, None)
            else:
                for only in waiting.get(rule.id, ()):
                    self._judge(step, rule, only)
        if index is None and step.came:
            index = self._index.assess(account, step.moment)
        if index is not None:
            self._tell(step, index, before)
            grade = grade_of(index, account.record.episodes, self._good)
            if grade != standing.grade or abs(standing.value - standing.told) >= POINT:
                self.grades[standing.grade] -= 1
                self.grades[grade] += 1
                standing.grade = grade
                self._touch(account, step.moment)
        self._settle(account, step.moment, index)

    def _may_move(self, step: _Step, asked: Iterable[str]) -> bool:
        """Whether the index can be another than when it was last assessed, or a rule is asked that goes by confidence.

        A rule that has become warm meanwhile adds to the confidence alone: that is seen when one of these is asked.
        """
        moment, due = step.moment, step.account.record.wake.get(INDEX, hot.NEVER)
        if moment.event is not None or moment.settled >= due or step.moved or step.origin == RULE_CHANGE:
            return True
        return not self._unsure.isdisjoint(asked)

    def _assess(self, step: _Step) -> Assessment:
        """The index after the first stratum; what of it has moved may concern the later ones."""
        account, standing = step.account, step.account.record.standing
        index = self._index.assess(account, step.moment)
        if note(standing, step.moment.now, NONE if index.value is None else index.value):
            hot.set_wake_mask(account.hot, hot.wake_mask(account.hot) | _MOVED)
            account.record.size += EACH_DAY_BYTES
            step.moved.add("index")
        confidence = round(100 * index.confidence)
        if confidence != standing.confidence:
            standing.confidence = confidence
            step.moved.add("confidence")
        return index

    def _judge(self, step: _Step, rule: Rule, only: str | None) -> None:
        """Judge one rule on one subject (`only`) or on all, and step each alert."""
        account, moment = step.account, step.moment
        record = account.record
        own = self._plan.tenant(account.tenant_id).rule_for(rule, account)
        if own is None or record.asleep:
            record.wake.pop(rule.id, None)  # of a pack that armed it
            if own is None:
                self._switched_off(step, rule)
            return
        rule = own
        rule_id, judge = rule.id, rule.judge
        mine = {episode.subject: episode for episode in record.episodes if episode.rule == rule_id}
        subjects: Sequence[str | None] = [only]
        if only is None:
            subjects = tuple(rule.operator.subjects(account, moment))
            if mine or len(subjects) > 1:
                subjects = sorted({*subjects, *mine}, key=lambda s: s or "")
        due = record.wake.get(rule.id) if only is not None else None
        note: tuple[str, int] | None = None
        for subject in subjects:
            before = mine.get(subject)
            verdict = judge(account, subject, moment, _open(before))
            if before is None and not verdict.level and not record.pending:  # the usual case: nothing was, nothing is
                due, note = earliest(due, verdict.due), note or verdict.explained
                continue
            said = _said(before)
            verdict.private = verdict.private or account.is_private(rule.operator.kind, subject)
            came = life(account, rule, subject, before, verdict, moment, self._plan.human_touch.name)
            due = earliest(due, came.due)
            note = note or verdict.explained
            if step.origin == RULE_CHANGE:
                came = retold(rule, came)
            if came.episode is not before:
                record.episodes = [e for e in record.episodes if e is not before]
                if came.episode is not None:
                    record.episodes.append(came.episode)
            if came.held_back is not None:
                self.suppressed[came.held_back] += 1
            if came.transition is not None and came.episode is not None:
                step.came.append(_Came(rule, came.episode, verdict, came.transition, came.previous))
            if came.transition is not None or said != _said(came.episode):
                step.moved |= {rule.id, f"family:{rule.family}"}
        self._remember(account, rule, due, note, moment)

    def _switched_off(self, step: _Step, rule: Rule) -> None:
        """The rule is not armed for the account, or switched off: what it said before ends."""
        record = step.account.record
        mine = [episode for episode in record.episodes if episode.rule == rule.id]
        if mine:
            record.episodes = [episode for episode in record.episodes if episode.rule != rule.id]
            self._end(step, mine, "rule_removed", REMOVED_SAYS)
        if record.notes.pop(rule.id, None) is not None:
            self._touch(step.account, step.moment)

    def _tell(self, step: _Step, index: Assessment, before: int) -> None:
        """Make the alerts of a step, in the order of rule and subject; `before` is the index before it."""
        account, record, now = step.account, step.account.record, step.moment.now
        trigger = step.trigger or DeadlineTrigger(iso(now))
        value_index = ValueIndex(_points(index.value), _points(before), index.confidence)
        if step.gone:
            self.alerts += step.gone
            self._touch(account, step.moment)
        for came in sorted(step.came, key=lambda came: (came.rule.index, came.episode.subject or "")):
            episode = came.episode
            alert = alert_of(
                account,
                self._plan.tenant(account.tenant_id),
                came.rule,
                episode,
                came.verdict,
                transition=came.transition,
                previous=came.previous,
                now=now,
                trigger=trigger,
                index=value_index,
                arr_at_risk_minor=arr_at_risk(account, index.value),
                origin=step.origin,
            )
            episode.version = came.rule.version
            episode.body = b"" if episode.status == "resolved" else _encode(alert)  # a snapshot shows what is open
            record.size += len(episode.body) + ALERT_BYTES
            if episode.resolution == "superseded" and episode.opened < now:  # nothing to cool down from
                record.episodes = [other for other in record.episodes if other is not episode]
            self.alerts.append(alert)
            self._touch(account, step.moment)

    def _remember(
        self, account: Account, rule: Rule, due: int | None, note: tuple[str, int] | None, moment: Moment
    ) -> None:
        record = account.record
        if record.wake.get(rule.id) != due:
            account.record_dirty = True
            if due is None:
                del record.wake[rule.id]
            else:
                wake_at(record, rule.id, due)
        old = record.notes.get(rule.id)
        if (old is None) != (note is None) or (old is not None and note is not None and old[0] != note[0]):
            self._touch(account, moment)
            if note is None:
                del record.notes[rule.id]
            else:
                record.notes[rule.id] = note
                self.suppressed[note[0]] += 1

    def _settle(self, account: Account, moment: Moment, index: Assessment | None) -> None:
        """Store the account's next deadline, and what may wake it: usage, a full evaluation, a snapshot.

        Without an `index` it is as it was when it was last assessed.
        """
        record = account.record
        wake, losses = record.wake, losses_of(account)
        if record.size > CAP:
            keep_small(account)
        if account.lost:
            self._wake_orphans(account, moment)
        if index is not None and index.due is None:
            wake.pop(INDEX, None)
        elif index is not None and index.due is not None:
            wake_at(record, INDEX, index.due)
        if losses_of(account) != losses:  # the confidence falls
            wake_at(record, INDEX, moment.now)
            index = None
        self._assessed = account, moment, index
        hot.set_next_wake(account.hot, min(wake.values(), default=hot.NEVER))
        live = {episode.rule for episode in record.episodes}
        armed = frozenset() if record.asleep else self._plan.tenant(account.tenant_id).armed
        mask = hot.wake_mask(account.hot) & (_CHANGED | _MOVED)
        if awaits_usage(account, moment.settled) if index is None else index.awaits_usage:
            mask |= USAGE
        for rule, _ in self._usage:
            name = rule.id
            if (rule.index in armed and (name in live or name not in wake)) or name in record.notes:
                mask |= USAGE
        told = _told(account)
        for rule in self._daily if told else self._keeping:
            if rule.id in told or rule.operator.needs_record(account):
                mask |= _MOVED if isinstance(rule.operator, Trend) else _FULL
        if account.calendar.is_special:
            mask |= _FULL
        hot.set_wake_mask(account.hot, mask)

    def _wake_orphans(self, account: Account, moment: Moment) -> None:
        """Let alerts end whose subject was dropped to keep the record small."""
        record = account.record
        for episode in record.episodes:
            rule = self._by_id.get(episode.rule)
            if (
                rule is not None
                and episode.status != "resolved"
                and episode.subject not in rule.operator.subjects(account, moment)
            ):
                wake_at(record, rule.id, min(record.wake.get(rule.id, hot.NEVER), moment.now))


def woken(entry: Entry, took: AbstractSet[int]) -> Iterator[tuple[Rule, str | None]]:
    """The rules that an event wakes, which these updates took in."""
    only = entry.only
    return (wake for wake in entry.wakes if wake[0].id not in only or not only[wake[0].id].isdisjoint(took))


def _open(episode: Episode | None) -> Episode | None:
    return None if episode is None or episode.status == "resolved" else episode


def _forms_of(tenant: Tenant, rules: Iterable[Rule]) -> Iterator[Rule]:
    """Rules in every form that a tenant has of them."""
    return (form for rule in rules for form in tenant.forms_of(rule))


def _points(value: int | None) -> float | None:
    return None if value is None or value == NONE else value / 10


def _told(account: Account) -> set[str]:
    """The rules that keep something of their own: an alert, days of one that ended, what must hold longer, a note."""
    record = account.record
    if not (record.episodes or record.spans or record.pending or record.notes):
        return set()
    names = (*record.spans, *record.pending, *record.notes)
    return {episode.rule for episode in record.episodes} | {name.partition("|")[0] for name in names}


def _said(episode: Episode | None) -> tuple[str, int]:
    """What other rules can see of an alert: its status and its level."""
    return ("", 0) if episode is None else (episode.status, episode.level)
