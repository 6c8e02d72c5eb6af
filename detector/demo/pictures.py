"""The last frame and the summary of a run as SVG: the pictures of the README are real runs."""

import io
import re
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType

from detector.demo.frame import frame
from detector.demo.view import View

WIDTH: Final = 100
HEIGHT: Final = 34
_FORMAT: Final = re.sub(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's own, without the fonts that it would fetch from elsewhere."""


def draw(folder: Path, view: View, *summary: RenderableType) -> None:
    """Write `demo.svg` and `demo-summary.svg` into the folder, which is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, height, shown in (
        ("demo.svg", "detector demo", HEIGHT, frame(view, WIDTH, HEIGHT)),
        ("demo-summary.svg", "detector demo: its summary", None, Group(*summary)),
    ):
        console = Console(
            file=io.StringIO(), record=True, width=WIDTH, height=height, force_terminal=True, color_system="truecolor"
        )
        console.print(shown)
        (folder / name).write_text(console.export_svg(title=title, code_format=_FORMAT), encoding="utf-8")
