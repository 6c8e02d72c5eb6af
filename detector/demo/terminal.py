"""The show on a terminal: the frame, drawn anew a few times a second on the terminal's second screen."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.live import Live

from detector.demo.frame import frame
from detector.demo.view import View

PER_SECOND: Final = 5


class TerminalScreen:
    """A context: inside it the frame follows the view by itself."""

    def __init__(self, console: Console, view: View) -> None:
        self._console, self._view = console, view
        self._live = Live(console=console, screen=True, refresh_per_second=PER_SECOND, get_renderable=self._draw)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def changed(self) -> None:
        """Do nothing: the next frame has it."""

    def _draw(self) -> RenderableType:
        width, height = self._console.size
        return frame(self._view, width, height)
