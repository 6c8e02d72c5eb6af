"""The table of metrics in the page for operators, made from the registry; the rest of the page is written by hand."""

from pathlib import Path
from typing import Final

from detector.streaming.metrics import contract

PAGE: Final = Path("docs/operations.md")
_HEAD: Final = "| metric | type | labels | what it says |\n| --- | --- | --- | --- |\n"


def page(root: Path) -> str:
    """The page below `root`, its table made anew. Raises ValueError where there is none."""
    text = (root / PAGE).read_text("utf-8")
    begin = text.index("| metric |")
    end = text.index("\n\n", begin)
    return text[:begin] + table() + text[end + 1 :]


def table() -> str:
    """Every metric of our own, in Markdown."""
    return _HEAD + "".join(
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.help} |\n"
        for one in contract()
        if one.name.startswith("detector_")
    )
