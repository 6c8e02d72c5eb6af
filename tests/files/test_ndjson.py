import gzip
import os
import resource
import signal
from pathlib import Path

import pytest

from detector.errors import IO, DetectorError
from detector.files.ndjson import BLOCK, LONGEST, read_lines, writing
from tests.files.lines import write


def test_lines_are_numbered_from_one_and_blank_ones_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"\xef\xbb\xbfone \r\n\r\n  \n four\nfive")
    assert list(read_lines(path)) == [(1, b"one"), (4, b"four"), (5, b"five")]


def test_gzip_is_told_by_its_bytes_whatever_the_name(tmp_path: Path) -> None:
    for name in ("events.ndjson.gz", "events"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
        assert [line for _, line in read_lines(path)] == [b"one", b"two"]


def test_lines_come_whole_whatever_the_blocks_they_are_read_in(tmp_path: Path) -> None:
    lines = [bytes([97 + n % 26]) * (n * 7919 % 300_000 + 1) for n in range(40)]
    assert [line for _, line in read_lines(write(tmp_path / "events", *lines))] == lines


def test_an_endless_line_is_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "events", b"first", b"x" * (LONGEST + 2 * BLOCK), b"third", b"fourth")
    found = dict(read_lines(path))
    assert [found[1], found[3], found[4]] == [b"first", b"third", b"fourth"]
    assert len(found[2]) == LONGEST + 1


def test_an_endless_last_line_is_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "events", b"first", b"x" * (LONGEST + 2 * BLOCK))
    assert [len(line) for _, line in read_lines(path)] == [5, LONGEST + 1]


def _missing(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _plain(path: Path) -> None:
    path.write_bytes(b"{}\n")


def _cut_short(path: Path) -> None:
    path.write_bytes(gzip.compress(os.urandom(1000))[:500])


def _damaged(path: Path) -> None:
    packed = bytearray(gzip.compress(b"a line\n" * 100))
    packed[-6] ^= 1
    path.write_bytes(packed)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_missing, "there is no file"),
        (_folder, "is a folder"),
        (_plain, "is not gzip"),
        (_cut_short, "ends in the middle"),
        (_damaged, "is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_that_says_what_to_do(tmp_path: Path, make: object, words: str) -> None:
    path = tmp_path / "events.ndjson.gz"
    assert callable(make)
    make(path)
    with pytest.raises(DetectorError, match=words) as caught:
        list(read_lines(path))
    assert caught.value.exit_code == IO
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert " — " in str(caught.value)


@pytest.mark.parametrize("name", ["out.ndjson", "out.ndjson.gz"])
def test_what_is_written_is_read_again_and_equal_content_gives_equal_bytes(tmp_path: Path, name: str) -> None:
    written = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        with writing(tmp_path / folder / name) as file:
            file.writelines(b"line %d\n" % n for n in range(1000))
        written.append((tmp_path / folder / name).read_bytes())
    assert written[0] == written[1]
    assert list(read_lines(tmp_path / "a" / name))[-1] == (1000, b"line 999")


@pytest.mark.parametrize("name", ["out", "out.gz"])
def test_a_file_that_was_not_finished_never_has_its_name(tmp_path: Path, name: str) -> None:
    def half() -> None:
        with writing(tmp_path / name) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "no" / "out", "cannot be written")):
        with pytest.raises(DetectorError, match=words) as caught, writing(path):
            pass
        assert caught.value.exit_code == IO


@pytest.mark.parametrize("name", ["out", "out.gz"])
def test_a_failure_of_something_else_meanwhile_is_not_the_file_s(tmp_path: Path, name: str) -> None:
    def broken() -> None:
        with writing(tmp_path / name) as file:
            file.write(b"half")
            raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(ConnectionResetError):
        broken()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out", "out.gz"])
def test_a_file_that_fills_its_disk_is_told_by_its_name_and_removed(tmp_path: Path, name: str) -> None:
    def more_than_fits() -> None:
        with writing(tmp_path / name) as file:
            file.writelines(os.urandom(1000) for _ in range(1000))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that the write fails, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(DetectorError, match=f"{name} cannot be written: File too large — choose") as caught:
            more_than_fits()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.exit_code == IO
    assert list(tmp_path.iterdir()) == []
