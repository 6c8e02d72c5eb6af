"""The commands `detector dead-letters list|show|replay`."""

import asyncio
import dataclasses
import functools
import heapq
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from detector.dead_letters.choice import Choice, Range, RangeParameter
from detector.files.instant import InstantParameter
from detector.settings.options import CONNECTION, settings_options
from schemas.refusal import REASONS

if TYPE_CHECKING:
    from detector.dead_letters.letter import Letter
    from detector.dead_letters.replay import Verdict
    from detector.settings import Settings

MOST: Final = 50_000
"""Dead letters that one replay takes: they are held in memory, and a person should look at what they send."""
MOST_BYTES: Final = 256 << 20
"""What they may have together: keys, values and headers."""
_SHOWN: Final = 50
_STAY_SHOWN: Final = 20

Command = Callable[..., Any]


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at what could not be used, and send again what can be used now."""


def _of_in_topics(_context: click.Context, _option: click.Parameter, topics: tuple[str, ...]) -> tuple[str, ...]:
    from schemas.topics import IN_TOPICS

    for topic in topics:
        if not topic.endswith(IN_TOPICS):
            raise click.BadParameter(f"{topic!r} is none of {', '.join(IN_TOPICS)}")
    return topics


_FILTERS: Final = (
    click.option(
        "--reason", "reasons", multiple=True, metavar="REASON", type=click.Choice(REASONS), help="Only with it."
    ),
    click.option(
        "--topic",
        "topics",
        multiple=True,
        callback=_of_in_topics,
        help="Only of this in-topic; its prefix may be missing.",
    ),
    click.option("--since", type=InstantParameter(), help="Only what became one at this time or later."),
    click.option("--until", type=InstantParameter(), help="Only what became one before this time."),
)


def _choosing(*, required: bool) -> Callable[[Command], Command]:
    """Give a command the ranges and filters, as its argument `choice`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_choice(**given: Any) -> Any:
            asked = {one.name: given.pop(one.name) for one in dataclasses.fields(Choice)}
            if None not in (asked["since"], asked["until"]) and asked["since"] >= asked["until"]:
                raise click.UsageError("--since must be before --until")
            return command(choice=Choice(**asked), **given)

        for option in reversed(_FILTERS):
            with_choice = option(with_choice)
        metavar = "RANGE..." if required else "[RANGE...]"
        ranges = click.argument("ranges", metavar=metavar, nargs=-1, required=required, type=RangeParameter())
        decorated: Command = ranges(with_choice)
        return decorated

    return decorate


@dead_letters.command("list")
@_choosing(required=False)
@click.option("--limit", type=click.IntRange(min=0), default=_SHOWN, show_default=True, help="Latest to show; 0: all.")
@click.option("--counts", is_flag=True, help="Say only how many there are, by topic and reason.")
@settings_options(*CONNECTION)
def list_letters(choice: Choice, *, limit: int, counts: bool, settings: "Settings") -> None:
    """List dead letters, the latest last, and count them by reason.

    RANGE is PARTITION or PARTITION:OFFSETS of the topic of dead letters, such as 3, 3:17, 3:17-29 or 3:17-.
    """
    from detector.dead_letters.shown import line

    by_reason: Counter[str] = Counter()
    by_topic: Counter[tuple[str, str]] = Counter()
    latest: list[tuple[int, int, int, str]] = []

    def take(letter: "Letter") -> None:
        by_reason[letter.reason] += 1
        by_topic[letter.topic, letter.reason] += 1
        if counts:
            return
        heapq.heappush(latest, (letter.died_at, letter.partition, letter.offset, line(letter)))
        if limit and len(latest) > limit:
            heapq.heappop(latest)

    asyncio.run(_each(settings, choice, take))
    if counts:
        for (topic, reason), count in sorted(by_topic.items()):
            click.echo(f"{topic}  {reason}  {count}")
    for _, _, _, text in sorted(latest):
        click.echo(text)
    shown = f", the latest {len(latest)} are shown (--limit 0 shows all)" if len(latest) < by_reason.total() else ""
    click.echo(f"{_counted(by_reason)}{'' if counts else shown}", err=True)


@dead_letters.command("show")
@click.argument("which", metavar="PARTITION:OFFSET", type=RangeParameter())
@click.option("--value-to", type=click.Path(path_type=Path), help="Write the bytes of its value to this file.")
@settings_options(*CONNECTION)
def show_letter(which: Range, *, value_to: Path | None, settings: "Settings") -> None:
    """Show one dead letter: what was wrong, its key, headers and value, and what to do about it.

    Bytes that are no text, and characters that could steer a terminal, are shown as escapes.
    """
    from detector.dead_letters.shown import lines
    from detector.errors import IO, DetectorError
    from detector.files.ndjson import writing

    found: list[Letter] = []
    asyncio.run(_each(settings, Choice([which]), found.append))
    if len(found) != 1:
        what = "there is no dead letter" if not found else f"{len(found):,} dead letters are there, name one:"
        raise DetectorError(f"{what} {_name(which)} — `detector dead-letters list` names them", IO)
    (letter,) = found
    for text in lines(letter):
        click.echo(text)
    if value_to is not None:
        with writing(value_to) as file:
            file.write(letter.value or b"")


@dead_letters.command("replay")
@_choosing(required=True)
@click.option("--dry-run", is_flag=True, help="Say what would become of each, and send nothing.")
@settings_options(*CONNECTION, "record_time")
def replay_letters(choice: Choice, *, dry_run: bool, settings: "Settings") -> None:
    """Send dead letters again, byte by byte, to the in-topic they were on, each to the partition of its key.

    RANGE is PARTITION or PARTITION:OFFSETS of the topic of dead letters, such as 3, 3:17, 3:17-29 or 3:17-. Only what
    the detector would take now is sent; of the rest it is said why it stays. What was sent before changes nothing when
    it is sent again: of support and CRM events the ids are remembered for 14 days, of usage the account's last 64.
    """
    from detector.brokers import connection
    from detector.dead_letters.replay import judge, send, target
    from detector.errors import IO, DetectorError
    from detector.files.broker import Access

    kafka = Access(connection(settings))
    imports = settings.record_time == "create"
    where = asyncio.run(target(kafka, settings.topic_prefix, imports=imports, now=int(time.time() * 1_000)))
    verdicts: list[Verdict] = []
    room = MOST_BYTES

    def take(letter: "Letter") -> None:
        nonlocal room
        room -= letter.size
        if len(verdicts) >= MOST or room < 0:
            most = f"{MOST:,} or {MOST_BYTES >> 20} MiB"
            raise DetectorError(f"there are more than {most} in these ranges — name smaller ones", IO)
        verdicts.append(judge(letter, where))

    asyncio.run(_each(settings, choice, take))
    if not verdicts:
        raise DetectorError("no dead letter is meant by this — `detector dead-letters list` shows them", IO)
    staying = Counter(verdict.reason for verdict in verdicts if verdict.sent is None)
    _tell(verdicts, dry_run=dry_run)
    going = len(verdicts) - staying.total()
    if not going:
        advice = "have the emitters mended, or upgrade the detector"
        raise DetectorError(f"none would be taken now ({_counted(staying)}) — {advice}", IO)
    if dry_run:
        click.echo(f"{going:,} would be sent again, {staying.total():,} would stay", err=True)
        return
    sent = asyncio.run(send(kafka, settings.topic_prefix, where, verdicts))
    click.echo(f"{sent:,} sent again, {staying.total():,} stay", err=True)


def _tell(verdicts: "list[Verdict]", *, dry_run: bool) -> None:
    """A line for each that stays, at most 20 of them where it is no dry run, and in a dry run for each that goes."""
    from detector.logs import visible

    told = 0
    for verdict in verdicts:
        name = verdict.letter.name
        if verdict.sent is None:
            told += 1
            if dry_run or told <= _STAY_SHOWN:
                click.echo(f"{name}  stays: {visible(verdict.why)}")
        elif dry_run:
            click.echo(f"{name}  would go to {visible(verdict.sent.topic)}/{verdict.sent.partition}")
    if not dry_run and told > _STAY_SHOWN:
        click.echo(f"and {told - _STAY_SHOWN:,} more stay: --dry-run says why of each")


async def _each(settings: "Settings", choice: Choice, take: "Callable[[Letter], object]") -> None:
    from detector.brokers import connection
    from detector.dead_letters.read import chosen
    from detector.files.broker import Access
    from schemas.topics import DEAD_LETTERS

    async for letter in chosen(Access(connection(settings)), settings.topic_prefix + DEAD_LETTERS, choice):
        take(letter)


def _counted(reasons: Counter[str]) -> str:
    from detector.files.unused import counted

    why = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    return counted(reasons.total(), "dead letter") + (f": {why}" if why else "")


def _name(which: Range) -> str:
    last = "" if which.last in (which.first, None) else f"-{which.last}"
    return f"{which.partition}:{which.first}{last}"
