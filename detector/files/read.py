"""Files in either form into one log."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from detector.errors import DetectorError
from detector.files.bare import BareReader
from detector.files.exported import ExportReader, is_export
from detector.files.ndjson import read_lines

FIRST: Final = 100
"""Lines of a file among which its form is looked for."""

TICK: Final = 10_000


def read_files(
    paths: Sequence[Path], *, topic_of: Mapping[str, str], read: Callable[[int], object] = bool
) -> BareReader | ExportReader:
    """Read bare events or an export; the reader knows the topics, and lays out the log over so many partitions.

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
    return export if True in forms else bare


def _told(lines: Iterable[tuple[int, bytes]], read: Callable[[int], object]) -> Iterator[tuple[int, bytes]]:
    count = 0
    for line in lines:
        count += 1
        if count == TICK:
            read(count)
            count = 0
        yield line
    read(count)
