"""A line that could not be used: where it stands, why, and what it says."""

import base64
from pathlib import Path
from typing import Final

import msgspec

from detector.files.ndjson import LONGEST

SHOWN: Final = 200
"""Characters of `detail`, escapes counted; as in a dead letter."""


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


def judge(line: bytes, refusal: str) -> tuple[str, str]:
    """Say why a line is of no use, as (reason, detail); `refusal` is what its reader has against it if it is JSON."""
    if len(line) > LONGEST:
        return "too_large", f"the line is longer than {LONGEST} bytes; what follows them is not shown"
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return "bad_utf8", f"byte {error.start} is not UTF-8"
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        return "bad_json", escaped(str(error))
    if not isinstance(found, dict):
        return "not_object", f"a {type(found).__name__} stands where an object is expected"
    return "schema", escaped(refusal)


def escaped(text: str) -> str:
    """Give at most SHOWN printable ASCII characters of a text."""
    return text.encode("ascii", "backslashreplace").decode().translate(_CONTROLS)[:SHOWN]


_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
