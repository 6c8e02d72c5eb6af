"""Lines out of files and into files, plain or gzipped, one JSON text a line."""

import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from detector.errors import IO, DetectorError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LONGEST: Final = 4 << 20
"""Bytes of a line that are kept; no record that a log holds needs more, and a file must not fill the memory."""

BLOCK: Final = 1 << 20
GZIP: Final = b"\x1f\x8b"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Give every line that is not blank, with its number from 1, without white space at its ends.

    Gzip is told by its first bytes, so that a pipe will do. A line beyond LONGEST is cut to LONGEST + 1 bytes. Raises
    DetectorError (74) for what cannot be read: missing, a folder, forbidden, broken gzip.
    """
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == GZIP
            if path.suffix == ".gz" and not packed:
                raise DetectorError(f"{path} is not gzip though its name says so — rename or compress it", IO)
            # a reader's `read` may give less than it is asked for, never nothing before the end
            source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            for number, line in enumerate(_split(source), 1):
                stripped = (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).strip()
                if stripped:
                    yield number, stripped
    except FileNotFoundError:
        raise DetectorError(f"there is no file {path} — check its name", IO) from None
    except IsADirectoryError:
        raise DetectorError(f"{path} is a folder — name the files in it", IO) from None
    except EOFError:
        raise DetectorError(f"{path} ends in the middle of its gzip data — copy it again", IO) from None
    except (zlib.error, gzip.BadGzipFile):
        raise DetectorError(f"the gzip data of {path} is damaged — copy it again", IO) from None
    except OSError as error:
        raise DetectorError(f"{path} cannot be read: {error.strerror} — check its permissions", IO) from None


def _split(source: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := source.read(BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line if len(line) <= LONGEST else line[: LONGEST + 1]
        if len(rest) > LONGEST:
            rest = yield from _cut(source, rest[: LONGEST + 1])
    yield from rest.split(b"\n")


def _cut(source: BinaryIO, start: bytes) -> Generator[bytes, None, bytes]:
    """Give a line that is too long by its start alone, pass over its end; what follows in the block is returned."""
    yield start
    while block := source.read(BLOCK):
        _, newline, rest = block.partition(b"\n")
        if newline:
            return rest
    return b""


def partial_of(path: Path) -> Path:
    """The name that an output has until it is complete."""
    return path.with_name(path.name + ".part")


@contextmanager
def writing(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file to write, gzipped if its name ends in `.gz`; it has its name only when all is written.

    Equal content gives equal bytes: the gzip header holds no name and no time. What is no plain file (a pipe, a
    terminal) is written as it is. Raises DetectorError (74) for what cannot be written; what else goes wrong
    meanwhile, with a network say, is not about this file and is left as it is.
    """
    with _told_of(path):
        special = path.exists() and not path.is_file()
        target = path if special else partial_of(path)
        file = _Out(path, target)
    try:
        with io.BufferedWriter(file, BLOCK) as plain:
            if path.suffix == ".gz":
                packed = gzip.GzipFile(filename="", mode="wb", fileobj=plain, compresslevel=6, mtime=0)
                with io.BufferedWriter(cast("io.RawIOBase", packed), BLOCK) as buffered:
                    yield buffered
            else:
                yield plain
        if not special:
            with _told_of(path):
                target.replace(path)
    except BaseException:
        if not special:
            with suppress(OSError):
                target.unlink(missing_ok=True)
        raise


class _Out(io.FileIO):
    """A file whose own failures are told by the name that it is to have."""

    def __init__(self, path: Path, target: Path) -> None:
        super().__init__(target, "wb")
        self._path = path

    def write(self, data: "ReadableBuffer", /) -> int:
        with _told_of(self._path):
            return super().write(data)

    def close(self) -> None:
        with _told_of(self._path):
            super().close()


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except IsADirectoryError:
        raise DetectorError(f"{path} is a folder — name a file in it", IO) from None
    except OSError as error:
        raise DetectorError(f"{path} cannot be written: {error.strerror} — choose another place", IO) from None
