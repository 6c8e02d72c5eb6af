"""A line that could not be used: where it stands, why, and what it says."""

import base64
from pathlib import Path
from typing import Final

import msgspec

from detector.codec import decode
from detector.domain.record import Record, Reject
from detector.files.ndjson import LONGEST

SHOWN: Final = 200
"""Characters of `detail`, as in a dead letter."""

NO_KEY: Final = b""
OF_THE_RECORD: Final = frozenset({"bad_key", "timestamp_out_of_range", "too_late"})
"""Verdicts that a line without a key and a time of its own would get for that alone."""


class BadLine(msgspec.Struct, frozen=True):
    """A line of a file that is no event or no record; `reason` is a reject code of events.md, `line` counts from 1."""

    file: Path
    line: int
    reason: str
    detail: str
    value: bytes | None

    def encode(self) -> bytes:
        """Write it as one line of JSON: the value as text, or base64 where it is not UTF-8 (and saying so)."""
        body: dict[str, object] = {
            "file": str(self.file),
            "line": self.line,
            "reason": self.reason,
            "detail": self.detail,
        }
        try:
            body["value"] = None if self.value is None else self.value.decode()
        except UnicodeDecodeError:
            body |= {"value": base64.b64encode(self.value or b"").decode(), "encoding": "base64"}
        return msgspec.json.encode(body)


def judge_event(line: bytes, refusal: str) -> tuple[str, str]:
    """Say why a line is no event, as (reason, detail); `refusal` is what is wrong with it if the contract takes it."""
    if len(line) > LONGEST:
        return _too_long()
    verdict = decode(Record(0, 0, NO_KEY, line), topic="", partition=0, partitions=1)
    if isinstance(verdict, Reject) and verdict.code not in OF_THE_RECORD:
        return verdict.code, verdict.detail
    return "schema", shown(refusal)


def judge_record(line: bytes, refusal: str) -> tuple[str, str]:
    """Say why a line is none of an export, as (reason, detail); `refusal` is what is wrong with it if it is JSON."""
    if len(line) > LONGEST:
        return _too_long()
    try:
        line.decode()
        found = msgspec.json.decode(line)
    except UnicodeDecodeError as error:
        return "bad_utf8", f"byte {error.start} is not UTF-8"
    except (msgspec.DecodeError, RecursionError) as error:
        return "bad_json", shown(str(error))
    if not isinstance(found, dict):
        return "not_object", "an object is expected"
    return "schema", shown(refusal)


def shown(text: str) -> str:
    """Give at most SHOWN printable ASCII characters of a text; the others are escaped."""
    return text[:SHOWN].encode("unicode_escape").decode("ascii")[:SHOWN]


def _too_long() -> tuple[str, str]:
    return "too_large", f"the line is longer than {LONGEST} bytes; what follows them is not shown"
