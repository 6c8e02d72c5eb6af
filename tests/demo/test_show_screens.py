"""The frame fits the terminal it is drawn for; plain lines say each thing once."""

import io

import pytest
from rich.console import Console

from detector.demo.frame import frame
from detector.demo.pictures import draw
from detector.demo.plain import EVERY_SECONDS, PlainScreen
from detector.demo.stories import STORIES
from detector.demo.view import View
from tests.demo.arrivals import UNTIL, body


def _view() -> View:
    view = View(UNTIL, step="reading", total=150_000, applied=90_000, rate=9_000)
    view.hear([body(story.account_id, rule, "high") for story in STORIES for rule in story.rule_ids])
    view.hear([body("student-1", "usage.dark", "warn", tenant_id="open-university")])
    return view


def _drawn(view: View, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(frame(view, width, height))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (160, 50)])
def test_the_frame_fills_the_terminal_and_names_every_story(width: int, height: int) -> None:
    lines = _drawn(_view(), width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(story.account_id in text for story in STORIES)
    assert "90,000 of 150,000 events" in text
    assert "1 alerts on 383 enrolments" in text


@pytest.mark.parametrize(
    ("width", "height", "stories", "course"), [(60, 15, True, True), (40, 11, False, True), (40, 8, False, False)]
)
def test_in_a_low_terminal_alerts_come_first(width: int, height: int, stories: bool, course: bool) -> None:
    """The rest has what they leave."""
    lines = _drawn(_view(), width, height)
    assert len(lines) == height
    text = "\n".join(lines)
    assert sum("2.5% where" in line for line in lines) >= 2
    assert ("the stories" in text) is stories
    assert ("Open University" in text) is course


def test_the_frame_says_what_came_live_last() -> None:
    view = _view()
    view.live += ["live: the first", "live: the second"]
    text = "\n".join(_drawn(view, 100, 30))
    assert "live: the second" in text
    assert "live: the first" not in text


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _plain(view: View, clock: Clock) -> tuple[PlainScreen, io.StringIO]:
    out = io.StringIO()
    return PlainScreen(Console(file=out, width=110, color_system=None), view, clock), out


def test_plain_lines_say_each_step_and_each_alert_once() -> None:
    view, clock = _view(), Clock()
    screen, out = _plain(view, clock)
    screen.changed()
    screen.changed()
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + len(view.news)
    assert lines[0].endswith("s  reading")
    assert "brightwater-logistics goal.behind_schedule: 2.5% where 5% was expected." in lines[1]


def test_plain_lines_say_now_and_then_how_far_it_is() -> None:
    view, clock = _view(), Clock()
    screen, out = _plain(view, clock)
    screen.changed()
    before = len(out.getvalue())
    clock.now = EVERY_SECONDS
    screen.changed()
    screen.changed()
    opened = len(view.ledger.of_tenant("demo"))
    (line,) = out.getvalue()[before:].splitlines()
    assert line.endswith(f"90,000 of 150,000 events, 9,000/s; alerts so far: {opened} of the company, 1 of the course")


def test_pictures_ask_nobody_for_fonts(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("pictures") / "new"
    draw(folder, _view(), "the summary")
    for name in ("demo.svg", "demo-summary.svg"):
        text = (folder / name).read_text("utf-8")
        assert text.startswith("<svg")
        assert "https:" not in text
        assert "font-face" not in text
