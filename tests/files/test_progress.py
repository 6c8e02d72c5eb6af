import io

from detector.files.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_plain_line_comes_every_ten_seconds() -> None:
    times = iter([0.0, 4.0, 9.9, 10.0, 12.0, 25.0])
    out = io.StringIO()
    with progress("events sent", 2_000, stream=out, clock=lambda: next(times)) as done:
        for _ in range(5):
            done(250)
    assert out.getvalue().splitlines() == ["events sent: 750 of 2,000 (37 %)", "events sent: 1,250 of 2,000 (62 %)"]


def test_what_has_no_known_end_is_only_counted() -> None:
    times = iter([0.0, 20.0])
    out = io.StringIO()
    with progress("lines read", None, stream=out, clock=lambda: next(times)) as done:
        done(10_000)
    assert out.getvalue() == "lines read: 10,000\n"


def test_on_a_terminal_there_is_a_bar() -> None:
    out = Terminal()
    with progress("events sent", 3, stream=out) as done:
        done(3)
    assert "events sent" in out.getvalue()
