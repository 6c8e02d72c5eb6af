"""Files in either form into one log."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from detector.errors import DetectorError
from detector.files.bare import BareReader
from detector.files.exported import ExportReader, is_export
from detector.files.log import Log
from detector.files.ndjson import read_lines

FIRST: Final = 100
"""Lines of a file among which its form is looked for."""

TICK: Final = 10_000


def read_files(
    paths: Sequence[Path], *, topic_of: Mapping[str, str], partitions: int, read: Callable[[int], object] = bool
) -> Log:
    """Read bare events (laid out over `partitions` partitions) or an export (which brings its own).

    `topic_of` names the topic of each event type; `read` hears how many more lines were read. Raises DetectorError for
    what cannot be read (74) and for bare events beside an export (78).
    """
    bare, export = BareReader(topic_of), ExportReader()
    forms: set[bool] = set()
    for path in paths:
        lines = _told(read_lines(path), read)
        first = list(islice(lines, FIRST))
        exported = is_export(first)
        if first:
            forms.add(exported)
        reader = export if exported else bare
        reader.columns.open_file(path)
        reader.read(chain(first, lines))
    if len(forms) > 1:
        raise DetectorError("bare events and an export cannot be read together — give files of one form")
    return export.log() if True in forms else bare.log(partitions)


def _told(lines: Iterable[tuple[int, bytes]], read: Callable[[int], object]) -> Iterator[tuple[int, bytes]]:
    count = 0
    for line in lines:
        count += 1
        if count == TICK:
            read(count)
            count = 0
        yield line
    read(count)
