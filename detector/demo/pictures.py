"""The last frame and the summary of a run as SVG: the pictures of the README are real runs."""

import io
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType

from detector.demo.frame import frame
from detector.demo.view import View

WIDTH: Final = 100
HEIGHT: Final = 34


def draw(folder: Path, view: View, summary: RenderableType) -> None:
    """Write `demo.svg` and `demo-summary.svg` into the folder, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, height, shown in (
        ("demo.svg", "make demo", HEIGHT, frame(view, WIDTH, HEIGHT)),
        ("demo-summary.svg", "make demo: its summary", None, summary),
    ):
        console = Console(
            file=io.StringIO(), record=True, width=WIDTH, height=height, force_terminal=True, color_system="truecolor"
        )
        console.print(shown)
        console.save_svg(str(folder / name), title=title)
