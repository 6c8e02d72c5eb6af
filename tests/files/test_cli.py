"""`detector emit` and `detector export` as a person calls them."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from detector.errors import CONFIG, IO, DetectorError
from detector.files.cli import emit, export
from detector.topics import apply
from schemas.topics import topics
from tests.files.lines import BEGIN, event, write


def call(command: click.Command, *arguments: object) -> str:
    """Give what it says on stderr; raises what it raises."""
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
    if result.exit_code:
        assert result.exception is not None
        raise result.exception
    assert result.stdout == ""
    return result.stderr


def test_files_are_emitted_and_exported_and_each_command_says_what_it_did(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    apply({"bootstrap_servers": kafka}, topics(partitions=2, prefix=prefix, imports=True, app_id=f"{prefix}app"))
    to = ("--brokers", kafka, "--topic-prefix", prefix)
    path = write(tmp_path / "e", event(event_id="1"), b"{", event("ticket.created", ticket_id="t"))
    said = call(emit, path, *to, "--until", "2026-03-03", "--dead-letters", tmp_path / "d").splitlines()
    assert said[0].startswith(f"note: 1 line could not be used (bad_json 1), the first is {path}:2: bad_json")
    assert said[1].startswith("8 records sent in ")  # two events and a heartbeat on each of 2 x 3 partitions
    assert json.loads((tmp_path / "d").read_bytes())["line"] == 2
    out = tmp_path / "x.ndjson.gz"
    said = call(export, out, *to, "--app-id", f"{prefix}app").splitlines()
    assert "the whole log is exported" in said[0]
    assert said[1] == f"8 records of 2 partitions written to {out}"
    assert "there are records already" in call(emit, out, *to)
    with pytest.raises(DetectorError, match="has CreateTime, this needs LogAppendTime"):
        call(emit, path, *to, "--live")


def test_a_missing_file_is_told_before_any_broker_is_asked(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="there is no file") as caught:
        call(emit, tmp_path / "e", "--brokers", "127.0.0.1:1")
    assert caught.value.exit_code == IO


def test_until_before_the_last_event_is_told_before_any_broker_is_asked(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="name a later time") as caught:
        call(emit, write(tmp_path / "e", event(at=BEGIN)), "--until", BEGIN - 1, "--brokers", "127.0.0.1:1")
    assert caught.value.exit_code == CONFIG


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument"),
        (("e", "--until", "soon"), "is no time"),
        (("e", "--rate", "-1"), "rate"),
        (("e", "--live", "--until", "2026-03-02"), "give one of them"),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(emit, arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_an_export_to_a_place_that_cannot_be_written_is_told_before_any_broker_is_asked(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="cannot be written") as caught:
        call(export, tmp_path / "no" / "x", "--brokers", "127.0.0.1:1")
    assert caught.value.exit_code == IO


def test_files_without_one_line_of_use_are_told_before_any_broker_is_asked(tmp_path: Path) -> None:
    path, dead = write(tmp_path / "e", b"{", b"}"), tmp_path / "d"
    with pytest.raises(DetectorError, match="no line of these files could be used") as caught:
        call(emit, path, "--until", "2026-03-03", "--dead-letters", dead, "--brokers", "127.0.0.1:1")
    assert caught.value.exit_code == IO
    assert len(dead.read_bytes().splitlines()) == 2


def test_history_sent_live_is_told_before_any_broker_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise DetectorError("no broker")

    monkeypatch.setattr("detector.files.emit.check_topics", refuse)
    old, ahead = event(event_id="1", at="2020-03-02T09:00:00Z"), event(event_id="2", at="2090-01-01T00:00:00Z")
    note = "note: 1 event is older than a day, the oldest of 2020-03-02T09:00:00.000Z"
    for lines, live, told in (((old, ahead), True, True), ((ahead,), True, False), ((old,), False, False)):
        path = write(tmp_path / "e", *lines)
        result = CliRunner().invoke(emit, [str(path), *(["--live"] if live else [])])
        assert str(result.exception) == "no broker"
        assert (note in result.stderr) is told
        assert ("detector topics apply --import" in result.stderr) is told


def test_dead_letters_never_go_where_the_events_are(tmp_path: Path) -> None:
    path = write(tmp_path / "e", b"{")
    result = CliRunner().invoke(emit, [str(path), "--dead-letters", str(path), "--brokers", "127.0.0.1:1"])
    assert result.exit_code == 2
    assert "--dead-letters is also an input: name another file" in result.stderr
    assert path.read_bytes() == b"{\n"
