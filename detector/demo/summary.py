"""The last words of the show: what was done how fast, what was found, what was missed, and how to go on by oneself."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detector.demo import diary, leaver_table
from detector.demo.course import FIRST_DAY, LAST_DAY
from detector.demo.ledger import COMPANY, COURSE, Case
from detector.demo.live_alert import Heard, delay_words
from detector.demo.stories import STORIES
from detector.demo.story import SEVERITIES
from detector.demo.trimmed import Trimmed
from detector.demo.unfolded import Unfolded, unfold
from detector.demo.view import COLOURS, View
from detector.demo.watching import Snapshot

COURSE_DAYS: Final = LAST_DAY - FIRST_DAY + 1
COMPANY_DAYS: Final = -diary.FIRST_DAY


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the summary is made of, beside the view."""

    events: int
    measured_rate: float
    """Events/s from the worker's first commit to its last."""
    limit: int
    """Events/s at which they were sent, so that the former says little; 0: no limit."""
    history_seconds: float
    """In which the worker applied the whole history, its start included."""
    snapshots: Mapping[str, Snapshot]
    """The last health snapshot of each of the company's accounts."""
    live: list[Heard]
    deaths: Sequence[str]
    """Of workers that were started once more: which, and how each ended."""
    steps: Sequence[tuple[str, Sequence[str]]]
    """What one could do next, and the commands that do it."""


def summary(view: View, found: Findings) -> RenderableType:
    """All but `by_yourself`; every number is of this run."""
    parts: list[RenderableType] = []
    for title, body in _sections(view, found):
        parts += [Text(f"\n{title}", "bold"), *(Padding(part, (0, 0, 0, 2)) for part in body)]
    return Trimmed(Group(*parts))


def by_yourself(steps: Sequence[tuple[str, Sequence[str]]]) -> RenderableType:
    """Commands, each a line that can be pasted as long as nothing wraps it: to be printed with `soft_wrap`."""
    parts: list[RenderableType] = [Text("\nBy yourself, each command a line", "bold")]
    for what, commands in steps:
        parts += [Text(f"  {what}:"), *(Text(command, "cyan") for command in commands)]
    return Group(*parts)


def _sections(view: View, found: Findings) -> Iterator[tuple[str, list[RenderableType]]]:
    yield "What was done", [Text(line) for line in _done(view, found)]
    yield "Alerts, each counted once at the highest severity it reached, and those open at the end", [_alerts(view)]
    told, elsewhere = unfold(view.ledger.seen_in_company(), view.until)
    yield (
        "The company's stories, and what the detector made of them",
        [
            _stories(told, view, found.snapshots),
            *(Text(line) for line in _verdict(told, elsewhere)),
            *(Text(line) for line in _grades(found.snapshots)),
        ],
    )
    yield "Silent, and rightly so", [Text(line) for line in _silent(told, found.snapshots)]
    opened: defaultdict[str, int] = defaultdict(int)
    for case in view.ledger.of_tenant(COURSE):
        opened[case.last.rule_id] += 1
    judged = leaver_table.judge(list(view.ledger.told_of_course()), opened, view.until)
    yield (
        "The real course: who was alerted before leaving, and who else",
        [
            Text(leaver_table.in_short(judged)),
            leaver_table.table(judged),
            *(Text(line) for line in leaver_table.details(judged, view.ledger.of_tenant(COURSE))),
        ],
    )
    if found.live:
        yield "Live", [Text(f"{delay_words(found.live)}.")]


def _done(view: View, found: Findings) -> Iterator[str]:
    days_a_second = COURSE_DAYS / max(found.history_seconds, 0.1)
    pace = f"{found.measured_rate:,.0f} a second"
    if found.limit:
        pace = f"sent at {found.limit:,} a second so that one can watch (`--rate 0`: as fast as can be)"
    yield f"{found.events:,} events through Apache Kafka, {pace}; {view.seconds:.0f} s in all, start and end included."
    yield (
        f"Time was compressed: the company's {COMPANY_DAYS} days and the course's {COURSE_DAYS} passed together in"
        f" {found.history_seconds:.0f} s, about {days_a_second:.0f} days a second. The detector's clock is the records'"
        " own time, so it found what it would have found then."
    )
    for death in found.deaths:
        yield (
            f"On the way {death}. It was started once more and went on where its last transaction had ended: no event"
            " was lost, none counted twice."
        )


def _alerts(view: View) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("tenant", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    for severity in SEVERITIES[1:]:
        table.add_column(severity, justify="right", style=COLOURS[severity])
    table.add_column("all", justify="right")
    table.add_column("open", justify="right")
    for tenant in (COMPANY, COURSE):
        by_rule: defaultdict[str, list[Case]] = defaultdict(list)
        for case in view.ledger.of_tenant(tenant):
            by_rule[case.last.rule_id].append(case)
        for rule, cases in sorted(by_rule.items()):
            counts = [sum(case.highest == severity for case in cases) for severity in SEVERITIES[1:]]
            still = sum(not case.ended for case in cases)
            table.add_row(tenant, rule, *(f"{n:,}" if n else "-" for n in counts), f"{len(cases):,}", f"{still:,}")
    return table


def _stories(told: list[Unfolded], view: View, snapshots: Mapping[str, Snapshot]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for one in told:
        seen = Text.assemble(f"{one.story.title}: ", _seen(one, view))
        table.add_row(_mark(one), one.story.account_id, *_standing(snapshots.get(one.story.account_id)), seen)
    return table


def _standing(snapshot: Snapshot | None) -> tuple[str, str]:
    """The index and the grade at the end."""
    if snapshot is None or snapshot.value_index is None:
        return "-", "" if snapshot is None else snapshot.grade
    return f"{snapshot.value_index:.0f}", snapshot.grade


def _grades(snapshots: Mapping[str, Snapshot]) -> Iterator[str]:
    """How many customers stand where, by the value index."""
    counts = Counter(snapshot.grade for snapshot in snapshots.values())
    if counts:
        graded = ", ".join(f"{count} {grade}" for grade, count in counts.most_common())
        yield f"The value index (0 to 100) stands before its grade. All {counts.total()} customers: {graded}."


def _mark(one: Unfolded) -> Text:
    if one.missed:
        return Text("✗", "red")
    return Text("✓", "green") if one.as_told else Text("!", "yellow")


def _seen(one: Unfolded, view: View) -> Text:
    """What became of one story, in words; what was expected and did not come is part of it."""
    words = [
        (f"{kept.rule_id} {kept.severity}{'' if kept.ends == 'open' else f', {kept.ends}'}", COLOURS[kept.severity])
        for kept in one.kept
    ]
    words += [(f"missed {missed.rule_id} ({missed.severity})", "red") for missed in one.missed]
    words += [(f"otherwise: {otherwise}", "yellow") for otherwise in one.otherwise]
    words += [(f"unexpected {rule}", "yellow") for rule in one.unexpected]
    if not words:
        cases = view.ledger.of_account(COMPANY, one.story.account_id)
        words = [("no alert" if not cases else f"{len(cases)} good news", "green")]
    text = Text()
    for nth, (word, colour) in enumerate(words):
        text.append("; " if nth else "").append(word, colour)
    return text


def _verdict(told: list[Unfolded], elsewhere: Mapping[str, list[str]]) -> Iterator[str]:
    as_told = sum(one.as_told for one in told)
    missed = sum(len(one.missed) for one in told)
    unexpected = sum(len(one.unexpected) for one in told)
    yield (
        f"{as_told} of {len(STORIES)} as expected (rule, severity, day, ending); {missed} expected alerts missed,"
        f" {unexpected} unexpected."
    )
    if elsewhere:
        named = "; ".join(f"{account}: {', '.join(rules)}" for account, rules in elsewhere.items())
        yield f"False alarms among the customers without a story: {named}."
    else:
        yield "No alert on any of the customers without a story."


def _silent(told: list[Unfolded], snapshots: Mapping[str, Snapshot]) -> Iterator[str]:
    explained = False
    for one in told:
        snapshot = snapshots.get(one.story.account_id)
        because = () if snapshot is None else snapshot.silences
        if one.story.quiet and because:
            reasons = "; ".join(f"{s.rule_id} would have opened on {s.since[:10]}, but: {s.because}" for s in because)
            alerted = "" if not one.unexpected else " (it was alerted all the same)"
            yield f"{one.story.account_id}{alerted}, in its own health snapshot: {reasons}."
            explained = True
    if not explained:
        yield "No health snapshot names a silence that was explained away."


def interrupted(view: View) -> str:
    """The short last word after Ctrl-C."""
    opened = len(view.ledger.cases)
    return (
        f"Stopped after {view.seconds:.0f} s: {view.applied:,} events applied, {opened:,} alerts read."
        " Nothing is left running, and no file but the cache."
    )
