"""Random streams of events of every type, from a few people, features and subjects, so that they meet."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from detector.catalogue.entries import events_of
from detector.domain.events import EVENT_TYPES, Event, SchedulePoint
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Row

TOPICS = ("crm", "support", "usage")
IDS = ("a", "b", "c")
NAUGHTY = ("a|b", "a/b%2Fc", "\U0001f480" * 32, "{subject}", "', DROP", "%s", "\u202e\u0000", "None", "0", "x" * 128)
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Nowhere/Land", None)
GAPS = (0, 1, 30_000, MINUTE, 2 * MINUTE, 2 * MINUTE + 1, HOUR, 6 * HOUR, DAY, 3 * DAY, 9 * DAY, 20 * DAY)

# What many rules depend on; a stream draws some of it, and all that two rules of the pack listen to.
COMMON = ("account.updated", "stage.entered", "onboarding.started", "onboarding.completed", "stakeholder.updated",
          "stakeholder.left", "touch.logged", "usage.recorded", "goal.set", "alert.feedback")  # fmt: skip
THEMES: dict[str, tuple[str, ...]] = {rule.id: events for rule in PLAN.rules if (events := events_of(rule))}
TYPES: tuple[str, ...] = tuple(sorted(set(EVENT_TYPES) - {"feed.heartbeat"}))
_INFO = {name: inspect.type_info(cls) for name, cls in EVENT_TYPES.items()}


def event_of(name: str, random: Random, at: int, ids: Sequence[str] = IDS, **fields: Any) -> Event:
    """An event of a type at an instant (epoch ms); everything else is drawn."""
    info = _INFO[name]
    assert isinstance(info, inspect.StructType)
    given: dict[str, Any] = {
        "occurred_at": at,
        "event_id": f"e{random.getrandbits(32)}",
        "account_id": "acme",
        **fields,
    }
    for field in info.fields:
        if field.name in given or field.name in ("schema_version", "tenant_id", "source"):
            continue
        if not field.required and random.random() < 0.4:
            continue
        given[field.name] = _value(field.name, field.type, random, at, ids)
    return EVENT_TYPES[name](**given)


def _value(name: str, kind: Any, random: Random, at: int, ids: Sequence[str]) -> Any:
    if name in _NAMED:
        return _NAMED[name](random, at)
    if isinstance(kind, inspect.UnionType):
        kinds = [k for k in kind.types if not isinstance(k, inspect.CustomType)]
        return _value(name, random.choice(kinds), random, at, ids)
    if isinstance(kind, inspect.LiteralType):
        return random.choice(kind.values)
    for cls, draw in _PLAIN.items():
        if isinstance(kind, cls):
            return draw(kind, random, ids)
    raise AssertionError((name, kind))


def _number(kind: Any, random: Random, ids: Sequence[str]) -> float:
    del ids
    low = next((bound for bound in (kind.ge, kind.gt) if bound is not None), -100)
    high = next((bound for bound in (kind.le, kind.lt) if bound is not None), 100)
    value = max(low, min(high, random.choice((-1.0, 0.0, 0.3, 1.0, 2.0, 5.0, 40.0, 2**52))))
    return float(value)


def _whole(kind: Any, random: Random, ids: Sequence[str]) -> int:
    del ids
    return max(kind.ge or 0, random.choice((0, 1, 2, 12, 40, 2**40)))


_PLAIN: dict[Any, Callable[[Any, Random, Sequence[str]], Any]] = {
    inspect.StrType: lambda _kind, random, ids: random.choice(ids),
    inspect.FloatType: _number,
    inspect.IntType: _whole,
    inspect.BoolType: lambda _kind, random, _ids: random.random() < 0.5,
    inspect.NoneType: lambda _kind, _random, _ids: None,
    inspect.DictType: lambda _kind, _random, ids: dict.fromkeys(ids, 1.0),
}


def _day(random: Random, at: int) -> date:
    far = random.choice((0, 0, 0, 1))
    near = date(1970, 1, 1) + timedelta(days=at // DAY + random.choice((-40, 0, 1, 10, 45, 100)))
    return random.choice((date.min, date.max)) if far and random.random() < 0.2 else near


def _schedule(random: Random, at: int) -> tuple[SchedulePoint, ...]:
    points = [at + random.choice((-DAY, 0, DAY, 5 * DAY, 30 * DAY)) for _ in range(random.randrange(4))]
    far = [253_402_300_799_999] if random.random() < 0.1 else []
    return tuple(SchedulePoint(at=point, expected=random.choice((0.0, 1.0, 5.0, 40.0))) for point in [*points, *far])


_NAMED: dict[str, Callable[[Random, int], Any]] = {
    "schedule": _schedule,
    "due_at": lambda random, at: at + random.choice((-DAY, DAY, 20 * DAY)),
    "snooze_until": lambda _random, at: at + DAY,
    "contract_start": _day,
    "renewal_date": _day,
    "holidays": lambda random, at: tuple(_day(random, at) for _ in range(random.randrange(4))),
    "working_days": lambda random, _at: tuple(
        random.sample(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), random.randrange(1, 7))
    ),
    "time_zone": lambda random, _at: random.choice(ZONES),
    "score": lambda random, _at: float(random.choice((0, 1, 2, 6, 9, 10))),
    "scale_min": lambda _random, _at: 0.0,
    "scale_max": lambda _random, _at: 10.0,
    "rating": lambda random, _at: float(random.choice((10, 50, 75, 90))),
    "sentiment": lambda random, _at: random.choice((-1.0, -0.4, 0.0, 0.3, 1.0, None)),
    "period_days": lambda random, _at: random.choice((1, 21, 28, 36)),
    "purchased": lambda random, _at: random.choice((0, 1, 4, 10, 20)),
    "active_users": lambda random, _at: random.choice((0, 1, 3, 9)),
    "planned_users": lambda random, _at: random.choice((1, 4, 10)),
    "rows": lambda random, _at: random.choice((1, 500, 1_000, 5_000)),
    "tags": lambda random, _at: tuple(random.sample(("pricing", "competitor", "complaint", "praise"), 2)),
}


@st.composite
def about(draw: st.DrawFn, of: Sequence[str] = tuple(THEMES)) -> tuple[str, ...]:
    """The event types that two of these rules listen to, and some that many do."""
    chosen = draw(st.lists(st.sampled_from(of), min_size=1, max_size=2, unique=True), "rules")
    common = draw(st.lists(st.sampled_from(COMMON), max_size=3, unique=True), "common")
    return tuple(sorted({*common, *(name for rule in chosen for name in THEMES[rule])}))


@st.composite
def rows(
    draw: st.DrawFn,
    *,
    most: int = 60,
    accounts: Sequence[str] = ("acme", "beta"),
    types: Sequence[str] = (),
    ids: Sequence[str] = IDS,
    gaps: Sequence[int] = GAPS,
    topics: Sequence[str] = TOPICS,
) -> list[Row]:
    """A stream in record order: some events late or ahead of their record time, some records a second time.

    Without `types` it is about two rules, so that their events meet.
    """
    types = types or draw(about())
    seeds = draw(st.lists(st.integers(0, 2**32), min_size=1, max_size=most))
    now, found = T0 + 9 * HOUR, list[Row]()
    for number, seed in enumerate(seeds):
        random = Random(seed)
        now += random.choice(gaps)
        late = random.choice((0, 0, 0, 0, 1000, MINUTE, 3 * MINUTE, -MINUTE, HOUR, 5 * DAY))
        name = random.choice(types)
        event = event_of(name, random, now - late, ids, account_id=random.choice(accounts), event_id=f"e{number}")
        found.append((now, random.choice(topics), event))
        if random.random() < 0.1:
            found.append((now, found[-1][1], event))
    return found
