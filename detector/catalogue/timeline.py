"""Timelines: a rule's examples beside the pack, as YAML that reads like the claim it answers; the scenario tests too.

A file names a rule and lists timelines. Times are offsets from the start (Monday 2026-01-05 00:00 UTC unless `start`
says otherwise), sums of durations such as `14d 2h`. The `alert_id` of feedback is `this` (the rule's alert), or the
subject that it is about, such as `{goal: g1}`. Each event happens at `at` and, with `every` and `times`, again and
again; `late` says how long after it happened it was recorded. `expect` lists every transition of the rule's alerts up
to `until`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.catalogue.load import Document, PackError, nearest
from detector.domain.alerts import fingerprint_of
from detector.domain.calendar import MINUTE_MS, parse_duration
from detector.domain.events import EVENT_TYPES
from detector.domain.schedule import minute_of
from detector.domain.state import account_path

TENANT: Final = "timelines"
MONDAY: Final = "2026-01-05T00:00:00Z"
KINDS: Final = ("opens", "near_miss", "clears")
"""What a timeline is there to show; a rule has at least one of each."""
THIS: Final = "this"  # as `alert_id`: the fingerprint of the rule's alert; `{goal: g1}` where it is about a subject
_WORDS: Final = frozenset({"at", "every", "times", "late", "weekdays"})


class Expected(BaseModel):
    """One transition: when, what, of which subject, and at which severity or with which resolution."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str
    transition: Literal[
        "opened", "escalated", "eased", "revised", "acknowledged", "snoozed", "recovering", "resolved", "reopened"
    ]
    severity: str | None = None
    subject: str | None = None
    resolution: str | None = None


class Timeline(BaseModel):
    """One story of one account, and what the rule says of it. `shows` is what it is there for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    shows: Literal["opens", "near_miss", "clears"]
    start: datetime = datetime.fromisoformat(MONDAY)
    events: list[dict[str, Any]]
    until: str
    expect: list[Expected] = []
    rule: str = ""
    account_id: str = Field("", exclude=True)

    @property
    def start_ms(self) -> int:
        """The start in epoch milliseconds."""
        return int(self.start.astimezone(UTC).timestamp() * 1000)

    @property
    def daily_ms(self) -> int:
        """The account's own minute of daily evaluations, in milliseconds of the day."""
        return minute_of(account_path(TENANT, self.account_id)) * MINUTE_MS

    def at_ms(self, expected: "Expected") -> int:
        """When a transition is expected; `46d daily` is that day at the account's own minute of daily evaluations."""
        daily = self.daily_ms if expected.at.endswith(" daily") else 0
        return self.start_ms + offset_of(expected.at.removesuffix(" daily")) + daily

    @property
    def until_ms(self) -> int:
        """The end in epoch milliseconds."""
        return self.start_ms + offset_of(self.until)

    def bare_events(self) -> Iterator[dict[str, Any]]:
        """The events as bare events of events.md 6, in the order written; ids are made of the account and a number."""
        number = 0
        for row in self.events:
            event_type = next(word for word in row if word not in _WORDS)
            first = self.start_ms + offset_of(row.get("at", "0m"))
            every = offset_of(row.get("every", "1d"))
            for time in range(row.get("times", 1)):
                at = first + time * every
                if "weekdays" in row and datetime.fromtimestamp(at / 1000, UTC).weekday() not in row["weekdays"]:
                    continue
                number += 1
                body = {key: self._absolute(key, value) for key, value in (row[event_type] or {}).items()}
                yield {
                    "event_id": f"{self.account_id}-{number}",
                    "event_type": event_type,
                    "account_id": self.account_id,
                    "occurred_at": at,
                    "source": "timeline",
                    "tenant_id": TENANT,
                    **body,
                    "_record_time": at + offset_of(row.get("late", "0m")),
                }

    def _absolute(self, key: str, value: Any) -> Any:
        if key == "alert_id" and (value == THIS or isinstance(value, dict)):
            kind, subject = (None, None) if value == THIS else next(iter(value.items()))
            return fingerprint_of(TENANT, self.account_id, self.rule, kind, subject)
        if key in ("due_at", "snooze_until") and isinstance(value, str):
            return self.start_ms + offset_of(value)
        if key == "schedule":
            return [{"at": self.start_ms + offset_of(point["at"]), "expected": point["expected"]} for point in value]
        return value


@lru_cache(maxsize=4096)
def offset_of(text: str) -> int:
    """Milliseconds of a sum of durations: `14d 2h 1ms`. Raises ValueError for anything else."""
    total = 0
    for part in str(text).split():
        if part.endswith("ms") and part[:-2].isascii() and part[:-2].isdigit():
            total += int(part[:-2])
            continue
        elapsed = parse_duration(part).elapsed_ms
        if elapsed is None:
            raise ValueError("a timeline counts elapsed time: write m, h, d or w")
        total += elapsed
    return total


def load_timelines(path: Path) -> list[Timeline]:
    """The timelines of one file. Raises PackError with file and line."""
    document = Document(path)
    data = document.data
    if not isinstance(data, dict) or set(data) != {"rule", "timelines"} or not isinstance(data["timelines"], list):
        raise document.error((), "a file of timelines has `rule` and `timelines`")
    found = []
    for at, row in enumerate(data["timelines"]):
        where = ("timelines", at)
        try:
            slug = f"{data['rule']}-{at}".replace(".", "-").replace("_", "-")
            timeline = Timeline.model_validate({**row, "rule": data["rule"], "account_id": slug})
        except (ValidationError, TypeError) as error:
            reason = (
                error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "a timeline is a map"}
            )
            raise document.error(
                (*where, *reason["loc"]), f"{'.'.join(map(str, reason['loc']))}: {reason['msg']}"
            ) from None
        for number, event in enumerate(timeline.events):
            words = [word for word in event if word not in _WORDS]
            if len(words) != 1 or words[0] not in EVENT_TYPES:
                hint = nearest(words[0], [*EVENT_TYPES, *_WORDS]) if words else ""
                raise document.error((*where, "events", number), f"an event names one event type{hint}")
        try:
            list(timeline.bare_events())
            [timeline.at_ms(expected) for expected in timeline.expect]
            _ = timeline.until_ms
        except (ValueError, TypeError, KeyError) as error:
            raise document.error(where, f"timeline {timeline.name!r}: {error}") from None
        found.append(timeline)
    return found


def timelines_of(folder: Path, files: Mapping[str, str]) -> dict[str, list[Timeline]]:
    """The timelines of every rule, by its id; `files` says which file of a pack's folder a rule names as its examples.

    Raises PackError where a file is not there or cannot be read, is about another rule, or is named by none.
    """
    found = {}
    for rule_id, name in files.items():
        found[rule_id] = load_timelines(folder / name)
        for timeline in found[rule_id]:
            if timeline.rule != rule_id:
                raise PackError(f"{folder / name}: its rule is {timeline.rule!r}, but {rule_id} names it: mend one")
    named = {folder / name for name in files.values()}
    for path in sorted((folder / "examples").glob("*.yaml")):
        if path not in named:
            raise PackError(f"{path}: no rule of the pack names it in its `examples`")
    return found
