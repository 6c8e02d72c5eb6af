"""`detector replay` as a person calls it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from detector.backtest.cli import replay
from detector.errors import CONFIG, IO, DetectorError
from detector.files.ndjson import read_lines
from tests.backtest.test_core import BEGIN, DAY, event, stories


def call(*arguments: object) -> str:
    """Give what it says on stderr; raises what it raises."""
    result = CliRunner().invoke(replay, [str(argument) for argument in arguments], catch_exceptions=False)
    if result.exit_code:
        assert result.exception is not None
        raise result.exception
    assert result.stdout == ""
    return result.stderr


def files(tmp_path: Path) -> Path:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([*stories(20), b"{", event("ticket.created", "account-1", BEGIN)]))
    return path


def test_outputs_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    names = ("alerts", "health", "health-log", "notices", "dead-letters")
    wanted = [text for name in names for text in (f"--{name}", str(tmp_path / f"{name}.gz"))]
    said = call(files(tmp_path), "--until", BEGIN + 60 * DAY, *wanted)
    found = {name: [json.loads(line) for _, line in read_lines(tmp_path / f"{name}.gz")] for name in names}
    assert len(found["alerts"]) > 10
    assert len(found["health"]) == len({body["account_id"] for body in found["health"]}) == 20
    assert len(found["health-log"]) > 20
    assert found["notices"] == []
    assert [body["reason"] for body in found["dead-letters"]] == ["bad_json", "schema"]
    assert f"{len(found['alerts'])} transitions, 1 dead letter, 1 bad line\n" in said


def test_equal_calls_write_equal_bytes_whatever_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files(tmp_path)
    written = []
    for name, zone in (("a.gz", "UTC"), ("b.gz", "Pacific/Kiritimati")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("DETECTOR_PACK", "/nowhere")
        call(path, "--until", BEGIN + 60 * DAY, "--alerts", tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_it_says_which_pack_it_takes_and_that_the_workers_variable_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = files(tmp_path), tmp_path / "own"
    assert call(path).splitlines()[0].startswith("pack: built in, release ")
    monkeypatch.setenv("DETECTOR_PACK", "/nowhere")
    said = call(path).splitlines()
    assert said[0].startswith("note: DETECTOR_PACK is for the worker and ignored here")
    assert said[1].startswith("pack: built in, release ")
    folder.mkdir()
    (folder / "tenants.yaml").write_text("release: 4711\n")
    said = call(path, "--pack", folder).splitlines()
    assert said[0] == f"pack: {folder} (tenants.yaml, the rest built in), release 4711"


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("{}/missing",), "there is no file", IO),
        (("{}",), "is a folder", IO),
        (("{}/events.ndjson", "--until", "2026-03-02"), "name a later time", CONFIG),
        (("{}/events.ndjson", "--alerts", "{}/no/out"), "cannot be written", IO),
        (("{}/events.ndjson", "--pack", "{}/no"), "no", CONFIG),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], words: str, code: int
) -> None:
    files(tmp_path)
    with pytest.raises(DetectorError, match=words) as caught:
        call(*[text.format(tmp_path) for text in arguments])
    assert caught.value.exit_code == code
    assert [path.name for path in tmp_path.iterdir()] == ["events.ndjson"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{}/events.ndjson", "--alerts", "{}/events.ndjson"), "--alerts is also an input: name another file"),
        (("{}/events.ndjson", "--health-log", "{}/no/../linked"), "--health-log is also an input"),
        (("{}/events.ndjson.part", "--alerts", "{}/events.ndjson"), "--alerts is also an input"),
        (("{}/events.ndjson", "--pack", "{}", "--alerts", "{}/tenants.yaml"), "--alerts is also an input"),
        (("{}/events.ndjson", "--alerts", "{}/a", "--health", "{}/./a"), "--alerts and --health are the same file"),
        (("{}/events.ndjson", "--alerts", "{}/a.part", "--health", "{}/a"), "--alerts and --health are the same file"),
        (("{}/events.ndjson", "--alerts", "{}/a", "--health", "{}/a.part"), "--alerts and --health are the same file"),
    ],
)
def test_an_output_that_is_something_else_too_is_refused_and_nothing_is_touched(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "events.ndjson.part").write_bytes(files(tmp_path).read_bytes())
    (tmp_path / "tenants.yaml").write_text("tenants: {}\n")
    (tmp_path / "no").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "events.ndjson")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    result = CliRunner().invoke(replay, [text.format(tmp_path) for text in arguments])
    assert result.exit_code == 2
    assert words in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_outputs_that_are_no_files_may_be_one(tmp_path: Path) -> None:
    assert "transitions" in call(files(tmp_path), "--alerts", "/dev/null", "--health", "/dev/null")


def test_it_says_why_lines_could_not_be_used_and_which_is_the_first(tmp_path: Path) -> None:
    first = tmp_path / "first.ndjson"
    first.write_bytes(b"\n".join([*stories(3), b'{"event_id": 1}', b"{"]))
    second = tmp_path / "second.ndjson"
    second.write_bytes(b"{\n")
    note = call(first, second).splitlines()[1]
    assert note.startswith("note: 3 lines could not be used (bad_json 2, ")
    assert f", the first is {first}:{len(stories(3)) + 1}: " in note
    first.write_bytes(b"\n".join([*stories(3), event("ticket.created", "account-1", BEGIN)]))
    assert call(first, second).splitlines()[1].startswith("note: 2 lines could not be used (")
    assert f"the first is {first}:" in call(first, second)


def test_one_is_not_said_in_the_plural(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(stories(1)[0] + b"\n{\n")
    said = call(path)
    assert "note: 1 line could not be used (bad_json 1), the first is" in said
    assert "\n1 record in " in said
    assert ": 0 transitions, 0 dead letters, 1 bad line\n" in said


def test_it_says_when_nothing_is_written(tmp_path: Path) -> None:
    note = "note: nothing is written: name --alerts FILE"
    assert call(files(tmp_path)).splitlines()[-1] == note
    assert note not in call(files(tmp_path), "--health", tmp_path / "health")


def test_files_without_one_line_of_use_are_an_error_and_their_dead_letters_are_kept(tmp_path: Path) -> None:
    path, out = tmp_path / "events.ndjson", tmp_path / "dead"
    path.write_bytes(b"{\n" + event("ticket.created", "account-1", BEGIN) + b"\n")
    with pytest.raises(DetectorError, match="no line of these files could be used") as caught:
        call(path, "--dead-letters", out)
    assert caught.value.exit_code == IO
    assert len(out.read_bytes().splitlines()) == 2
    path.write_bytes(b"")
    assert "0 records in " in call(path)
