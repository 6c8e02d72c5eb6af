"""The places a command reads and writes: none may be two things at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from detector.files.ndjson import partial_of


def refuse_clashes(inputs: Iterable[Path], outputs: Mapping[str, Path | None]) -> None:
    """Raise click.UsageError where an output is also an input or another output, under whatever name or link.

    `outputs` are by the name of their option or argument. To be called before any of them is opened. Pipes, terminals
    and /dev/null can be many things at once. The name that an output has until it is complete counts as the output.
    """
    read = [path for path in inputs if _plain(path)]
    written: list[tuple[str, Path]] = []
    for name, path in outputs.items():
        if path is None or not _plain(path):
            continue
        for place in (path, partial_of(path)):
            if any(_same(place, other) for other in read):
                _refuse(f"{name} is also an input: name another file")
            for before, other in written:
                if _same(place, other) or _same(path, partial_of(other)):
                    _refuse(f"{before} and {name} are the same file: name another one for {name}")
        written.append((name, path))


def _refuse(message: str) -> None:
    raise click.UsageError(message, click.get_current_context(silent=True))


def _plain(path: Path) -> bool:
    """Whether it is a file, or a name that is free."""
    return path.is_file() or not path.exists()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)
