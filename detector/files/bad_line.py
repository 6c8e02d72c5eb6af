"""A line that could not be used: where it stands, why, and what it says."""

import base64
from pathlib import Path

import msgspec

from detector.files.ndjson import LONGEST
from schemas.reading import read
from schemas.refusal import Refused, escaped
from schemas.strict_json import parse


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
    try:
        read(line)
    except Refused as refused:
        return refused.reason, escaped(refused.detail)
    return "schema", escaped(refusal)


def judge_record(line: bytes, refusal: str) -> tuple[str, str]:
    """Say why a line is none of an export, as (reason, detail); `refusal` is what is wrong with it if it is JSON."""
    if len(line) > LONGEST:
        return _too_long()
    try:
        found = parse(line)
    except Refused as refused:
        return refused.reason, escaped(refused.detail)
    if not isinstance(found, dict):
        return "not_object", "an object is expected"
    return "schema", escaped(refusal)


def _too_long() -> tuple[str, str]:
    return "too_large", f"the line is longer than {LONGEST} bytes; what follows them is not shown"
