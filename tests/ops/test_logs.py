"""One call is one line, whatever is logged; secrets and payloads never appear; noisy libraries are held back."""

import json
import logging
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from detector import log_rate
from detector.logs import VALUE_LIMIT
from tests.codec.corpus import naughty_strings

Configure = Callable[..., StringIO]

HOSTILE = (
    'acme"}\n{"level":"error","event":"forged"}',
    "a\r\nb",
    "\x1b[31mred\x1b[0m",
    "a\u2028b\u2029c\x85d",
    "\x00\x07\x7f\x9b",
    "\u202eevil\u2066",
    "\ud800half",
    "<script>alert(1)</script>",
    "=1+1",
    "日本語 🎉",
    "",
)
RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]")


def parsed(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_stays_inside_its_one_line_and_round_trips(configure: Configure, text: str) -> None:
    stream = configure()
    structlog.get_logger("detector.test").warning("something", account_id=text)
    assert not RAW.search(stream.getvalue())
    (line,) = parsed(stream)
    assert line["account_id"] == text
    assert line["event"] == "something"
    assert line["level"] == "warning"
    assert line["logger"] == "detector.test"


def test_every_naughty_string_comes_out_as_it_went_in_or_cut_and_ends_no_line(configure: Configure) -> None:
    stream, words = configure(), naughty_strings()
    for word in words:
        structlog.get_logger("detector.test").warning("something", account_id=word)
    lines = stream.getvalue().splitlines()  # at every character that any reader takes for a line's end
    assert len(lines) == len(words)
    for word, line in zip(words, lines, strict=True):
        told = json.loads(line)["account_id"]
        assert told == (word if len(word) <= VALUE_LIMIT else word[: VALUE_LIMIT - 1] + "…")
        assert not RAW.search(line)


def test_every_naughty_string_is_one_line_that_parses(configure: Configure) -> None:
    """As many lines as calls, and no raw control character in any."""
    stream, strings = configure(), [*naughty_strings(), *HOSTILE]
    for text in strings:
        structlog.get_logger("detector.test").warning(text, account_id=text)
    assert not RAW.search(stream.getvalue())
    assert [line["account_id"] for line in parsed(stream)] == [
        text if len(text) <= 200 else f"{text[:199]}…" for text in strings
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_message_of_a_library_stays_inside_its_one_line(configure: Configure, text: str) -> None:
    stream = configure()
    logging.getLogger("elsewhere").error("topic %s", text)
    assert not RAW.search(stream.getvalue())
    (line,) = parsed(stream)
    assert line["event"] == f"topic {text}"


@pytest.mark.parametrize("text", HOSTILE)
def test_on_a_terminal_a_hostile_value_is_written_as_escapes(configure: Configure, text: str) -> None:
    stream = configure(format="console")
    structlog.get_logger("detector.test").warning(text, account_id=text)
    assert not RAW.search(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    stream.getvalue().encode()


@given(st.text(), st.dictionaries(st.text(max_size=5), st.text() | st.binary() | st.floats() | st.none(), max_size=3))
@examples(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None, derandomize=True
)
def test_any_call_is_one_parsable_line(configure: Configure, message: str, values: dict[str, Any]) -> None:
    stream = configure()
    structlog.get_logger("detector.test").info("outer", message=message, values=values)
    assert not RAW.search(stream.getvalue())
    assert len(parsed(stream)) == 1


def test_a_value_is_cut_at_200_characters_and_a_payload_is_only_counted(configure: Configure) -> None:
    stream = configure()
    structlog.get_logger().info("x", long="y" * 1_000, payload=b"private", many=list(range(1_000)))
    (line,) = parsed(stream)
    assert len(line["long"]) == 200
    assert line["payload"] == "<7 bytes>"
    assert len(line["many"]) == 20


def test_a_secret_appears_nowhere_even_at_debug(configure: Configure) -> None:
    stream = configure(level="debug", secrets=["canary-9f8e"])
    logging.getLogger("aiokafka.cluster").debug("request %s", b"\x00user\x00canary-9f8e")
    try:
        raise ValueError("canary-9f8e")  # noqa: TRY301 - the trace is what is looked at
    except ValueError:
        structlog.get_logger().exception("canary-9f8e", **{"canary-9f8e": {"a": ["canary-9f8e"]}})
    assert "canary" not in stream.getvalue()
    assert stream.getvalue().count("********") >= 4


AWKWARD = "ca\\na'ry\"§9f"


@pytest.mark.parametrize("secret", [AWKWARD, "ca'nary9f", 'ca"nary9f', "ca\\nary9f", "canäry9f", "ca\nary9f"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_known_however_it_is_quoted(configure: Configure, form: str, secret: str) -> None:
    stream = configure(format=form, level="debug", secrets=["other", secret])
    settings = {"password": secret, "and": 'it\'s "so"'}
    beside = f'it\'s {secret} and "so"'
    quoted = [repr(settings), repr(beside), json.dumps(settings), json.dumps(beside, ensure_ascii=False)]
    quoted += [repr(secret.encode()), repr(beside.encode()), repr(json.dumps(settings)), json.dumps(repr(settings))]
    for text in quoted:
        structlog.get_logger().info(text, value=text, settings=settings, many=(settings,), deep=[[[[settings]]]])
        logging.getLogger("aiokafka.conn").debug("login with %s", settings)
    assert "9f" not in stream.getvalue()
    assert "********" in stream.getvalue()


def test_an_exception_is_part_of_its_line_and_cannot_forge_one(configure: Configure) -> None:
    for form, lines in (("json", 1), ("console", 0)):
        stream = configure(format=form)
        try:
            raise ValueError('x\n{"event": "forged"}')  # noqa: TRY301 - the trace is what is looked at
        except ValueError:
            logging.getLogger("elsewhere").exception("failed")
        written = stream.getvalue().splitlines()
        if lines:
            assert "forged" in json.loads(written[0])["exception"]
            assert len(written) == lines
        else:
            assert all(row.startswith("    | ") for row in written[1:])
            assert "ValueError" in stream.getvalue()


def test_a_log_call_that_cannot_be_formatted_costs_its_text_only(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = configure()

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    logging.getLogger("elsewhere").error("%d apples", "no")
    structlog.get_logger().info("x", broken=Broken())
    first, second = parsed(stream)
    assert first["event"] == "a log call failed"
    assert "RuntimeError" in second["broken"]
    assert capsys.readouterr().err == ""


def test_a_storm_of_a_library_is_held_back_and_counted(configure: Configure) -> None:
    now = [0.0]
    stream = configure(clock=lambda: now[0])
    noisy = logging.getLogger("aiokafka.producer.sender")
    for node in range(10_000):
        noisy.error("Unable to reach node %s", node)
    assert len(parsed(stream)) == log_rate.SAME_LINES
    now[0] += log_rate.WINDOW_SECONDS
    noisy.error("Unable to reach node %s", 1)
    assert parsed(stream)[-1]["held_back"] == 10_000 - log_rate.SAME_LINES


def test_a_storm_of_ever_different_lines_is_bounded_too(configure: Configure) -> None:
    stream = configure(clock=lambda: 0.0)
    for number in range(10_000):
        logging.getLogger("faust.app").error(f"message {number}")  # noqa: G004 - as libraries do
    assert len(parsed(stream)) == log_rate.LOGGER_LINES


@pytest.mark.parametrize(("level", "lines"), [("info", 2), ("debug", 4)])
def test_libraries_speak_below_warning_at_debug_only(configure: Configure, level: str, lines: int) -> None:
    stream = configure(level=level)
    logging.getLogger("aiokafka.cluster").info("chatter")
    logging.getLogger("detector.streaming.app").info("[^WorkerApp]: Starting...")  # mode, in the name of our module
    logging.getLogger("aiokafka.cluster").warning("trouble")
    logging.getLogger("detector.streaming.app").info("stopping")
    assert len(parsed(stream)) == lines


@pytest.mark.parametrize("logger", ["aiokafka.conn", "kafka.net.connection"])
def test_what_clients_send_and_get_is_not_written_even_at_debug(configure: Configure, logger: str) -> None:
    stream = configure(level="debug")
    logging.getLogger(logger).debug("Request to %s: %s", "kafka", b"Zaphod Beeblebrox")
    assert stream.getvalue() == ""
    logging.getLogger(logger).error("closed")
    assert len(parsed(stream)) == 1


def test_our_own_lines_are_never_held_back(configure: Configure) -> None:
    stream = configure(clock=lambda: 0.0)
    for _ in range(100):
        structlog.get_logger("detector.worker").warning("again")
    assert len(parsed(stream)) == 100


def test_below_the_level_nothing_is_written_and_stdout_is_left_alone(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = configure(level="error")
    structlog.get_logger("detector.test").warning("quiet")
    logging.getLogger("faust").info("quiet")
    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")
