"""Who does not belong is refused by both clients, with one line that says what to see to, and a code that says so."""

import asyncio
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.brokers import Connection, connection
from detector.errors import AUTH, TEMPORARY, DetectorError
from detector.streaming.broker import first_contact
from detector.streaming.observer import Silence
from detector.topics import check
from detector.worker import options_of
from harness.process import run
from harness.secure_kafka import SecureKafka
from schemas.topics import topics
from tests.ops.worker_command import refused
from tests.security.mistakes import MISTAKES, PASSWORD, Mistake, wrong_password
from tests.security.settings import settings_of

pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
"""Neither client closes a socket whose handshake failed; conftest.py collects it after each test."""

HANGING_SECONDS = 30.0
"""By then whoever does not belong must have been told so."""


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_worker_is_refused_at_its_first_contact(secure: SecureKafka, tmp_path: Path, mistake: Mistake) -> None:
    """By aiokafka, which the worker, `emit` and `export` use; a worker waits for whatever is only temporary."""
    broker = options_of(settings_of(mistake(secure, tmp_path))).broker

    async def contact() -> None:
        async with asyncio.timeout(HANGING_SECONDS):
            await first_contact(broker, lambda: 1, Silence(), retry_seconds=0.1)

    with pytest.raises(DetectorError, match=re.escape(MISTAKES[mistake])) as told:
        asyncio.run(contact())
    assert told.value.exit_code == AUTH
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_command_is_refused(secure: SecureKafka, tmp_path: Path, mistake: Mistake) -> None:
    """By kafka-python, which `topics` uses, and the worker when it looks at its topics."""
    way_in = connection(settings_of(mistake(secure, tmp_path)))
    told = patiently(functools.partial(_check, way_in))
    assert MISTAKES[mistake] in str(told)
    assert told.exit_code == AUTH
    assert PASSWORD not in str(told)


def _check(way_in: Connection, seconds: float) -> None:
    check(way_in, topics(), patience_seconds=seconds)


def patiently(call: Callable[[float], Any]) -> DetectorError:
    """The refusal of a call that takes the seconds to be patient: few, unless the machine is too busy for that."""
    seconds = 0.5
    while True:
        with pytest.raises(DetectorError) as told:
            call(seconds)
        if told.value.exit_code != TEMPORARY or seconds > HANGING_SECONDS:
            return told.value
        seconds *= 2


def test_the_process_ends_with_77_and_one_line_that_holds_no_secret(secure: SecureKafka, tmp_path: Path) -> None:
    options = wrong_password(secure, tmp_path)
    code, line = refused("worker", "--http-port", "0", "--log-level", "debug", *options)
    assert line == f"detector: {secure.address()} refuses the login — check sasl_username and its password"
    assert code == 77


@pytest.mark.parametrize(
    "command",
    [("dead-letters", "list"), ("dead-letters", "replay", "0"), ("snapshot", "folder"), ("export", "file")],
    ids=lambda command: command[0],
)
def test_a_topic_that_one_has_no_right_to_see_is_not_told_as_missing(
    secure: SecureKafka, tmp_path: Path, command: tuple[str, ...]
) -> None:
    names = ("--topic-prefix", "unseen-")
    run("topics", "apply", *names, "--brokers", secure.back_door, "--partitions", "1")
    where = [str(tmp_path / word) if word in ("folder", "file") else word for word in command]
    code, line = refused(*where, *names, *secure.login("somebody"))
    assert line.startswith("detector: no right to see topic unseen-")
    assert "ask for it (`detector topics acls` lists the rights), or check --topic-prefix" in line
    assert code == AUTH


def test_whoever_belongs_gets_in(secure: SecureKafka, tmp_path: Path) -> None:
    """Or every refusal above would show nothing."""
    locked = secure.authority.issue("locked", password=PASSWORD)
    (tmp_path / "key").write_text(PASSWORD)
    for options in (
        secure.login("somebody"),
        secure.certified(secure.authority.issue("somebody")),
        (*secure.certified(locked), "--tls-key-password-file", str(tmp_path / "key")),
    ):
        way_in = connection(settings_of(options))
        told = patiently(functools.partial(_check, way_in))
        assert "no right to see" in str(told), "it was let in, and has no rights"
