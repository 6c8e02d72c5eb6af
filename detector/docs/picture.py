"""Draws a rule's example timelines as one SVG: events as marks on an axis of time, the alert's life as a bar below.

Drawn is what the timelines expect, which the tests hold the rules to. Long waits are drawn shorter where a picture to
scale would hide the short ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from detector.backtest.timelines import Said, expected_of
from detector.catalogue.timeline import KINDS, Timeline
from detector.docs.lanes import Lane, lanes_of
from detector.domain.calendar import DAY_MS, HOUR_MS, MINUTE_MS

WIDTH: Final = 880
LEFT: Final = 232
RIGHT: Final = WIDTH - 22
LANE: Final = 22
_LETTER: Final = 6.5
"""The width of a letter of 11 px, roughly: what is too wide is moved to another line."""
_EXPONENTS: Final = (1.0, 0.75, 0.5, 0.35, 0.2)
_APART: Final = 9
"""The pixels that two moments of the story ought to lie apart."""
_SHOWN: Final = {"opens": "Opens", "near_miss": "Does not open", "clears": "Clears"}

_STYLE: Final = """\
text{font:11px system-ui,sans-serif;fill:#57606a}.t{font-size:13px;font-weight:600;fill:#1f2328}.l{text-anchor:end}\
.n{font-size:9.5px}.s{fill:#1f2328}.b{fill:#fff}.g{stroke:#d0d7de}.m{stroke:#0969da;stroke-width:3;fill:none}\
.w{stroke-width:10}.h{stroke:#0969da;stroke-width:1.5;fill:#fff}.info{fill:#54aeff}.watch{fill:#d4a72c}.warn{fill:#e16f24}.high{fill:#cf222e}\
.critical{fill:#82071e}.r{fill:#8c959f;opacity:.45}.e{fill:#57606a}.v{stroke:#8c959f;stroke-dasharray:2 3}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.t,.s,.e{fill:#f0f6fc}.b,.h{fill:#0d1117}.g{stroke:#3d444d}\
.m,.h{stroke:#4493f8}.critical{fill:#ff7b9c}.high{fill:#f85149}}"""


class Panel(NamedTuple):
    """One timeline to be drawn, with its lanes."""

    timeline: Timeline
    lanes: list[Lane]


def picture(title: str, timelines: Sequence[Timeline], matters: frozenset[str] = frozenset()) -> str:
    """The first timeline of each kind, one below the other; `matters` are the fields that the rule looks at."""
    chosen = [next(each for each in timelines if each.shows == kind) for kind in KINDS if _has(timelines, kind)]
    parts: list[str] = []
    top = 6
    for panel in map(Panel, chosen, lanes_of(chosen, matters)):
        drawn, top = _panel(panel, top)
        parts += drawn
    names = "; ".join(f"{_SHOWN[timeline.shows]}: {timeline.name}" for timeline in chosen)
    size = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
        f"<title>{escape(title)}</title><desc>{escape(names)}</desc><style>{_STYLE}</style>"
        f'<rect class="b" width="{WIDTH}" height="{top}" rx="6"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _has(timelines: Sequence[Timeline], kind: str) -> bool:
    return any(timeline.shows == kind for timeline in timelines)


class Axis:
    """Where a moment lies: from LEFT to RIGHT, each wait drawn as long as a power of its length."""

    def __init__(self, moments: Iterable[int], story: Iterable[int]) -> None:
        self._moments = sorted({*moments, *story})
        shown = sorted({*story})
        for exponent in _EXPONENTS:
            self._lay(exponent)
            self.to_scale = exponent == 1
            if all(self.x(b) - self.x(a) >= _APART for a, b in pairwise(shown)):
                break

    def _lay(self, exponent: float) -> None:
        waits = [(b - a) ** exponent for a, b in pairwise(self._moments)]
        scale = (RIGHT - LEFT - 16) / (sum(waits) or 1)
        self._places = {self._moments[0]: LEFT + 8.0}
        at = LEFT + 8.0
        for moment, wait in zip(self._moments[1:], waits, strict=True):
            at += wait * scale
            self._places[moment] = at

    def x(self, moment: int) -> int:
        """The place of one of the moments it was made of."""
        return round(self._places[moment])


def _panel(panel: Panel, top: int) -> tuple[list[str], int]:
    timeline, lanes = panel
    expected = expected_of(timeline)
    marks = [mark.at for lane in lanes for mark in lane.marks]
    sparse = [mark.at for lane in lanes if len(lane.marks) <= 8 for mark in lane.marks]
    start = min(marks, default=timeline.start_ms)
    axis = Axis([start, *marks], [*sparse, *(said.at for said in expected), timeline.until_ms])
    parts = [_text(10, top + 17, f"{_SHOWN[timeline.shows]}: {timeline.name}", "t")]
    y = top + 30
    for lane in lanes:
        parts += _lane(lane, axis, y)
        y += LANE
    lives = _lives(expected)
    places = sorted({axis.x(said.at) for said in expected})
    first = y
    for subject, life in lives.items() or [(None, [])]:
        drawn, y = _life(subject, life, axis, y, timeline.until_ms)
        parts += drawn
    if places:
        guides = "".join(f"M{x} {top + 28}V{first}" for x in places)
        parts.insert(1, f'<path class="v" d="{guides}"/>')
    drawn, y = _axis(timeline, axis, y, [start, timeline.until_ms, *(said.at for said in expected), *sparse])
    return parts + drawn, y + 8


def _lane(lane: Lane, axis: Axis, y: int) -> Iterator[str]:
    middle = y + 15
    yield _text(LEFT - 10, middle + 4, _cut(lane.label, 33), "l")
    yield f'<path class="g" d="M{LEFT} {middle}H{RIGHT}"/>'
    runs: list[list[int]] = []
    for mark in lane.marks:
        x = axis.x(mark.at)
        if mark.late:
            yield f'<circle class="h" cx="{x}" cy="{middle}" r="4"/>'
        elif runs and x - runs[-1][1] <= 3:
            runs[-1][1] = x
        else:
            runs.append([x, x])
    if single := "".join(f"M{a} {middle - 5}v10" for a, b in runs if a == b):
        yield f'<path class="m" d="{single}"/>'
    if several := "".join(f"M{a} {middle}H{b}" for a, b in runs if a != b):
        yield f'<path class="m w" d="{several}"/>'
    end = 0.0
    for mark in lane.marks:
        x = axis.x(mark.at)
        if mark.note and x > end:
            yield _text(x + 4, y + 8, mark.note, "n")
            end = x + 6 + _LETTER * len(mark.note)


def _lives(expected: Sequence[Said]) -> dict[str | None, list[Said]]:
    """The alerts by their subject: the transitions of each in the order of time."""
    lives: dict[str | None, list[Said]] = {}
    for said in expected:
        lives.setdefault(said.subject, []).append(said)
    return lives


def _life(subject: str | None, life: Sequence[Said], axis: Axis, top: int, until: int) -> tuple[list[str], int]:
    """A bar for as long as the alert is open, in the colour of its severity; what happened is written below it."""
    label = "no alert" if not life else "the alert" if subject is None else f"the alert about {subject}"
    parts = [_text(LEFT - 10, top + 17, _cut(label, 34), "l s"), f'<path class="g" d="M{LEFT} {top + 13}H{RIGHT}"/>']
    severity, held = "", ""
    ends_at = [each.at for each in life[1:]] + [until]
    for said, after in zip(life, ends_at, strict=False):
        severity = said.severity or severity
        held = {"recovering": "r", "resolved": ""}.get(said.transition, severity)
        a, b = axis.x(said.at), axis.x(after)
        if held:
            parts.append(f'<rect class="{held}" x="{a}" y="{top + 6}" width="{max(b - a, 2)}" height="14"/>')
        else:
            parts.append(f'<circle class="e" cx="{a}" cy="{top + 13}" r="4"/>')
    ends: list[float] = []
    for said in life:
        words = _words(said)
        x, width = axis.x(said.at), _LETTER * len(words)
        left = x if x + width <= RIGHT else x - width
        row = next((row for row, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + width + _LETTER]
        parts.append(_text(x, top + 33 + 13 * row, words, "s" if left == x else "s l"))
    return parts, top + 24 + 13 * len(ends)


def _words(said: Said) -> str:
    if said.transition == "opened":
        return f"opened: {said.severity}"
    if said.transition == "resolved":
        return f"resolved: {(said.resolution or '').replace('_', ' ')}"
    return f"{said.transition}: {said.severity}" if said.severity else said.transition


def _axis(timeline: Timeline, axis: Axis, top: int, moments: Sequence[int]) -> tuple[list[str], int]:
    """The moments of the story, most important first, as many as there is room for."""
    drawn: list[tuple[float, float, int, str]] = []
    for moment in dict.fromkeys(moments):
        words = _offset(moment - timeline.start_ms, timeline.until_ms - timeline.start_ms)
        x = axis.x(moment)
        half = _LETTER * len(words) / 2
        left = min(max(x - half, LEFT), RIGHT - 2 * half)
        if all(left > b + 8 or left + 2 * half < a - 8 for a, b, _, _ in drawn):
            drawn.append((left, left + 2 * half, x, words))
    ticks = "".join(f"M{x} {top}v5" for _, _, x, _ in sorted(drawn))
    parts = [f'<path class="g" d="M{LEFT} {top}H{RIGHT}{ticks}"/>']
    if not axis.to_scale:
        parts.append(_text(LEFT - 10, top + 16, "not to scale: long waits are shorter", "n l"))
    parts += [_text(round(left), top + 16, words, "") for left, _, _, words in sorted(drawn)]
    return parts, top + 22


def _offset(ms: int, whole: int) -> str:
    """How long after the start: days, with hours and minutes where the whole is a matter of few days."""
    days, rest = divmod(ms, DAY_MS)
    hours, rest = divmod(rest, HOUR_MS)
    minutes = rest // MINUTE_MS
    if whole > 4 * DAY_MS:
        return f"day {days}"
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part) or "0 h"


def _text(x: int, y: int, words: str, kind: str) -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{style}>{escape(words)}</text>'


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
