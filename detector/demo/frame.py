"""The show as one picture of a terminal: clock, the latest alerts, the stories, the course; for 80x24 and larger."""

from typing import Final

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from detector.demo.ledger import COURSE, Alert
from detector.demo.stories import STORIES
from detector.demo.story import Story
from detector.demo.view import COLOURS, View, standing, state_of

WIDE: Final = 100
"""Columns from which a story's rule is named."""

_ACCOUNT: Final = max(len(story.account_id) for story in STORIES)
_HEAD: Final = 3
_STORIES: Final = (len(STORIES) + 1) // 2 + 1
_FOOT: Final = 3
_NEWS: Final = 5
"""Of the latest alerts, at least: in a low terminal the stories make room, then the course."""


def frame(view: View, width: int, height: int) -> RenderableType:
    """Draw the moment, for a terminal of this size."""
    room = height - _HEAD
    foot = _FOOT if room >= _NEWS + _FOOT else 0
    stories = min(_STORIES, max(0, room - foot - _NEWS))
    stories = stories if stories > 1 else 0  # a heading alone says nothing
    parts = [Layout(_head(view), size=_HEAD), Layout(_news(view, room - foot - stories), ratio=1)]
    if stories:
        parts.append(Layout(_stories(view, width), size=stories))
    if foot:
        parts.append(Layout(_foot(view), size=foot))
    layout = Layout()
    layout.split_column(*parts)
    return layout


def _head(view: View) -> RenderableType:
    top = Table.grid(expand=True)
    top.add_column(no_wrap=True)
    top.add_column(justify="right", no_wrap=True)
    top.add_row(Text("Value-decay detector", "bold"), Text(f"{view.step}  {view.seconds:.0f} s", "dim"))
    now = view.until if view.over else view.ledger.clock
    clock = f"{now:%Y-%m-%d %H:%M} UTC" if now else ""
    line = Table.grid(expand=True, padding=(0, 2, 0, 0))
    line.add_column(width=20, no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    total = max(view.total, 1)
    rate = f", {view.rate:,.0f}/s" if view.rate else ""
    line.add_row(
        Text(clock, "bold cyan"),
        ProgressBar(total=total, completed=min(view.applied, total), complete_style="cyan", finished_style="green"),
        Text(f"{view.applied:,} of {view.total:,} events{rate}" if view.total else ""),
    )
    return Group(top, line, Text(""))


def _news(view: View, height: int) -> RenderableType:
    room = max(0, height - 1) // 2
    lines: list[RenderableType] = [Rule("Latest alerts", align="left", style="dim")]
    for alert in list(reversed(view.news[-room:])) if room else ():
        lines += [_title(alert), Text(f"    {alert.explanation}", "dim", no_wrap=True, overflow="ellipsis")]
    return Group(*lines)


def _title(alert: Alert) -> Text:
    state = state_of(alert)
    colour = "green" if alert.transition == "resolved" else COLOURS[alert.severity]
    return Text.assemble(
        (f"{alert.detected_at:%m-%d %H:%M}  ", "dim"),
        (f"{state:<9} ", colour),
        (f"{alert.account_id} ", "bold"),
        alert.rule_id,
        no_wrap=True,
        overflow="ellipsis",
    )


def _stories(view: View, width: int) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for _ in range(2):
        table.add_column(width=1)
        table.add_column(no_wrap=True, width=_ACCOUNT)
        table.add_column(no_wrap=True, ratio=1)
    half = _STORIES - 1
    for left, right in zip(STORIES[:half], [*STORIES[half:], None], strict=False):
        table.add_row(*_story(view, left, width), *(_story(view, right, width) if right else ()))
    return Group(Rule("A company of forty customers: the stories", align="left", style="dim"), table)


def _story(view: View, story: Story, width: int) -> tuple[Text, Text, Text]:
    case = view.ledger.of_story(story)
    mark, state, colour = standing(story, case, over=view.over)
    if width < WIDE and case is not None:
        state = f"{state.split()[0]} {case.last.detected_at:%m-%d}"
    return Text(mark, colour), Text(story.account_id, overflow="ellipsis"), Text(state, colour, overflow="ellipsis")


def _foot(view: View) -> RenderableType:
    cases = view.ledger.of_tenant(COURSE)
    still = sum(not case.ended for case in cases)
    course = f"{len(cases):,} alerts on 383 enrolments, {still:,} of them open" if cases else ""
    return Group(
        Rule("Open University, a real course", align="left", style="dim"),
        Text(course, no_wrap=True, overflow="ellipsis"),
        _last_line(view),
    )


def _last_line(view: View) -> Text:
    if view.live:
        return Text(view.live[-1], "bold green", no_wrap=True, overflow="ellipsis")
    told = view.ledger.transitions[COURSE]
    if not told:
        return Text("")
    line = _title(told[-1]).append(f": {told[-1].explanation}", "dim")
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
