"""The value index (rules.md 11): families and their scores, how sure they are, the grade, and where points went.

Pure functions of the account's alerts and of what is known of it, at a moment. Scores and the index are whole tenths of
a point, so that what is compared is what is shown; a share is a float of two decimals.
"""

from collections.abc import Iterable, Mapping
from typing import Final, final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import DAY_MS, days_of
from detector.domain.evidence import FAMILIES, FRESH_MS, KNOWN_MS, VOICES, heard, last_event, last_verified, proof
from detector.domain.plan import Plan, Rule, Tenant
from detector.domain.state import Episode
from detector.domain.verdict import CRITICAL, HIGH, Moment, earliest

POINTS: Final = (0, 2, 8, 20, 45, 70)
"""What an open signal costs, by its level: none, info, watch, warn, high, critical."""
WEIGHTS: Final[Mapping[str, int]] = {
    "outcomes": 40, "adoption": 20, "support": 15, "relationship": 15, "onboarding": 10, "commercial": 0,
}  # fmt: skip
INDEX: Final = "~index"  # the name under which the index has its deadlines, which no rule can have
LIFE_MS: Final = 14 * DAY_MS
LOW: Final = 300  # a family at this or less ...
CAPPED: Final = 600  # ... caps the index
SURE: Final = 0.6  # green with less is unproven
EACH_LOSS: Final = 0.95

CRITICAL_BELOW, AT_RISK_BELOW, WATCH_BELOW = 250, 400, 750


class Family(msgspec.Struct, frozen=True, gc=False):
    """How one family stands: tenths of a point, a share, and the tenths that each rule cost."""

    score: int
    confidence: float
    points: dict[str, int]


class Assessment(msgspec.Struct, frozen=True):
    """What holds of an account: `value` is None before two families have data or it is 14 d old.

    `scores` are those of the families with data; of a customer who has left, none; `known` is how sure each family is,
    `signals` are its open ones by rule and subject. `verified`: an outcome was, in the last 90 d. `due` is the next
    instant at which any of it changes though nothing comes; with `awaits_usage` the next usage changes it.
    """

    value: int | None
    confidence: float
    scores: dict[str, int]
    known: dict[str, float]
    signals: dict[str, dict[tuple[str, str], int]]
    verified: bool
    due: int | None
    awaits_usage: bool

    @property
    def families(self) -> dict[str, Family]:
        """How each family with data stands, and which rules its lost points went to; a snapshot asks for it."""
        return {
            family: Family(score, round(self.known[family], 2), split(1000 - score, self.signals[family]))
            for family, score in self.scores.items()
        }


LEFT: Final = Assessment(None, 0.0, {}, {}, {}, verified=False, due=None, awaits_usage=False)
"""Of an account whose customer has left."""


@final
class Index:
    """The index by one plan: which rules cost points, and of which a family has how many."""

    __slots__ = ("_asked", "_costs", "_plan", "_rules")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._asked: dict[str, dict[str, tuple[int, list[Rule], int]]] = {}
        self._costs = {rule.id: rule.family for rule in plan.rules if rule.stratum == 1 and rule.polarity == "risk"}
        self._rules = {family: [rule for rule in plan.rules if rule.family == family] for family in FAMILIES}

    def assess(self, account: Account, moment: Moment) -> Assessment:
        """The index and all that belongs to it; time counts as passed up to the moment's `settled`.

        A family has data once it ever had an event, or while it has a signal. One that has signals alone counts only
        where it lowers the mean: so another sign of risk never raises the index.
        """
        if account.record.asleep:
            return LEFT
        at = moment.settled
        onboarding_end = account.onboarding_end(moment.first_event)
        boarding = at < onboarding_end
        weights = WEIGHTS if boarding else {**WEIGHTS, "outcomes": 50, "onboarding": 0}
        signals = self._signals(account, boarding=boarding)
        seen = {family: last_event(account, family) for family in FAMILIES}
        scores = {
            family: score_of(signals[family].values())
            for family in FAMILIES
            if seen[family] is not None or signals[family]
        }
        value = None
        if at >= moment.first_event + LIFE_MS:
            value = value_of(scores, weights, {family for family in scores if seen[family] is None})
        evidence, ages = self._evidence(account, at, seen)
        whole = EACH_LOSS ** losses_of(account)
        judged = dict(zip(FAMILIES, self._judged(account, moment), strict=True))
        confidence = {family: known * judged[family] / 1000 * whole for family, known in evidence.items()}
        verified = last_verified(account)
        return Assessment(
            value=value,
            confidence=round(sum(weights[family] * confidence[family] for family in FAMILIES) / 100, 2),
            scores=scores,
            known=confidence,
            signals=signals,
            verified=verified is not None and at < verified + KNOWN_MS,
            due=_next(at, [*ages, moment.first_event + LIFE_MS, onboarding_end, _plus(verified, KNOWN_MS)]),
            awaits_usage=awaits_usage(account, at),
        )

    def _signals(self, account: Account, *, boarding: bool) -> dict[str, dict[tuple[str, str], int]]:
        """The levels of the open signals of each family, by rule and subject."""
        found: dict[str, dict[tuple[str, str], int]] = {family: {} for family in FAMILIES}
        for episode in account.record.episodes:
            family = self._costs.get(episode.rule)
            if family is not None and episode.status == "open":
                if not boarding and episode.rule.startswith("milestone."):
                    family = "outcomes"
                found[family][episode.rule, episode.subject or ""] = episode.level
        return found

    def _evidence(
        self, account: Account, at: int, seen: Mapping[str, int | None]
    ) -> tuple[dict[str, float], list[int | None]]:
        """How well each family is known, 0 to 1, and the instants at which that changes by age alone.

        Feeds count as alive: that of support, from which silence is no lack of knowledge, as much as any.
        """
        found: dict[str, float] = {}
        ages: list[int | None] = []
        for family, last in seen.items():
            age = None if last is None else at - last
            found[family] = 0.0 if age is None else 1.0 if age < FRESH_MS else 0.5 if age < KNOWN_MS else 0.0
            ages += [_plus(last, FRESH_MS), _plus(last, KNOWN_MS)]
        found["support"] = 1.0
        found["outcomes"], due = proof(account, at)
        voices = [heard(account, roles) for roles in VOICES]
        found["relationship"] *= sum(at - last < KNOWN_MS for last in voices if last is not None) / len(VOICES)
        return found, [*ages, due, *(_plus(last, KNOWN_MS) for last in voices)]

    def _judged(self, account: Account, moment: Moment) -> list[int]:
        """The share of each family's rules that are armed (R2.7) and have seen enough history (R2.4), in thousandths.

        They are asked at the first step of a UTC day: it takes weeks to know enough, and eighty rules to be asked.
        """
        record, day = account.record, moment.now // DAY_MS
        standing = record.standing
        if standing.judged_on != day or record.release != self._plan.release:
            tenant = self._plan.tenant(account.tenant_id)
            asked_of = self._asked_of(account.tenant_id, tenant)
            standing.judged_on, standing.cold = day, []
            standing.judged = [self._share(account, tenant, moment, *asked_of[family]) for family in FAMILIES]
        return standing.judged

    def _share(self, account: Account, tenant: Tenant, moment: Moment, sure: int, asked: list[Rule], every: int) -> int:
        age = days_of(moment.first_event, moment.now)
        for rule in asked:
            own = tenant.rule_for(rule, account)
            if own is None:
                continue
            if (own.operator.history_days or 0) <= age and own.operator.warm(account, moment.now):
                sure += 1
            else:
                account.record.standing.cold.append(rule.id)
        return 1000 * sure // every if every else 1000

    def _asked_of(self, tenant_id: str, tenant: Tenant) -> Mapping[str, tuple[int, list[Rule], int]]:
        """For each family how many rules judge whatever account it is, which have to be asked, and how many it has."""
        name = self._plan.row_of(tenant_id)
        found = self._asked.get(name)
        if found is None:
            found = self._asked[name] = {}
            for family, rules in self._rules.items():
                asked = [
                    rule for rule in rules if rule.index in tenant.variants or rule.operator.history_days is not None
                ]
                sure = sum(rule.index in tenant.armed and rule not in asked for rule in rules)
                found[family] = sure, [rule for rule in asked if rule.index in tenant.armed], len(rules)
        return found


def score_of(levels: Iterable[int]) -> int:
    """100 times the product of (1 - points/100) over the signals' levels, in tenths, halves rounded up."""
    left, whole = 1000, 1
    for level in levels:
        left *= 100 - POINTS[level]
        whole *= 100
    return (2 * left + whole) // (2 * whole)


def value_of(scores: Mapping[str, int], weights: Mapping[str, int], unseen: set[str]) -> int | None:
    """The weighted mean of the families' scores in tenths, capped where one is low; None for fewer than two that weigh.

    Of families that have signals but never had an event (`unseen`) those count that make it lowest.
    """
    weighed = [(scores[family], weights[family], family in unseen) for family in scores if weights[family]]
    if len(weighed) < 2:
        return None
    total = weight = 0
    for score, each, apart in sorted(weighed, key=lambda one: (one[2], one[0], one[1])):
        if not apart or not weight or score * weight < total:
            total, weight = total + score * each, weight + each
    value = (2 * total + weight) // (2 * weight)
    return min(value, CAPPED) if any(score <= LOW for score in scores.values()) else value


def split(lost: int, signals: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """The lost tenths by rule, in proportion to the points of its signals; the largest rests are rounded up."""
    points: dict[str, int] = {}
    for (rule, _), level in sorted(signals.items()):
        points[rule] = points.get(rule, 0) + POINTS[level]
    whole = sum(points.values())
    found = {rule: lost * each // whole for rule, each in points.items()}
    rests = sorted(points, key=lambda rule: (-(lost * points[rule] % whole), rule))
    for rule in rests[: lost - sum(found.values())]:
        found[rule] += 1
    return found


def grade_of(now: Assessment, episodes: Iterable[Episode], good: frozenset[str]) -> str:
    """The grade: by the value, capped by open alerts, green only where it is proved; `good` are rules of good news."""
    if now.value is None:
        return "insufficient_data"
    worst = max((e.severity for e in episodes if e.status == "open" and e.rule not in good), default=0)
    if now.value < CRITICAL_BELOW:
        return "critical"
    if now.value < AT_RISK_BELOW or worst >= CRITICAL:
        return "at_risk"
    if now.value < WATCH_BELOW or worst >= HIGH:
        return "watch"
    return "green" if now.confidence >= SURE and now.verified else "unproven"


def awaits_usage(account: Account, at: int) -> bool:
    """Whether the next usage makes the account better known than it is at an instant."""
    last = last_event(account, "adoption")
    return not account.record.asleep and (last is None or at - last >= FRESH_MS)


def arr_at_risk(account: Account, value: int | None) -> int | None:
    """The annual revenue times the share of the index that is lost, in minor units; None where either is unknown."""
    arr = account.fact("arr_minor")
    return None if arr is None or value is None else int((2 * arr * (1000 - value) + 1000) // 2000)


def losses_of(account: Account) -> int:
    """How many kinds of facts were dropped to keep the record small: each leaves the confidence 5% lower, for good.

    What rules count is incomplete then. Bodies of alerts and what was muted do not matter.
    """
    return sum(what not in ("body", "mute") for what in account.record.evicted)


def _plus(at: int | None, span: int) -> int | None:
    return None if at is None else at + span


def _next(after: int, times: Iterable[int | None]) -> int | None:
    """The earliest of the times that lie after an instant."""
    return earliest(*(at for at in times if at is not None and at > after))
