"""Which pack a command on files takes: the folder of --pack, else the built-in one; its environment has no say."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE: Final = "DETECTOR_PACK"

pack_option: "Callable[[Any], Any]" = click.option(
    "--pack", type=click.Path(path_type=Path), help="Folder with rules of one's own; default built in."
)


def note_ignored(pack: Path | None) -> None:
    """Say on stderr that the worker's variable names a pack and does not count here, where no --pack is given."""
    if pack is None and os.environ.get(VARIABLE):
        click.echo(f"note: {VARIABLE} is for the worker and ignored here: --pack names a pack of one's own", err=True)
