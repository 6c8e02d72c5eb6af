"""Two public corpora of bad input, and the verdict on every case, which `python -m tests.codec.corpus` writes."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from detector.domain.record import Record, Reject
from tests.codec.records import decoded, record, text, usage

DATA: Final = Path(__file__).parent / "data"
GOLDEN: Final = DATA / "verdicts.json"
FIELDS: Final = (
    "event_id",
    "account_id",
    "source",
    "tenant_id",
    "stakeholder_id",
    "feature",
    "department",
    "product",
    "labels",
    "plan",
)
"""Where a text may stand in an event; nobody knows the last."""


def json_cases() -> Iterator[tuple[str, str, bytes]]:
    """Name, what a parser is expected to do (y, n, i or t), and bytes of each case of JSONTestSuite."""
    packed = json.loads(gzip.decompress((DATA / "bad-json/json-test-suite.json.gz").read_bytes()))
    for case in packed["cases"]:
        yield case["name"], case["expect"], base64.b64decode(case["b64"])


def naughty_strings() -> list[str]:
    """The Big List of Naughty Strings, and those that it lacks: controls, line ends, half a surrogate pair."""
    packed = json.loads(gzip.decompress((DATA / "naughty-strings/blns.json.gz").read_bytes()))
    listed = [base64.b64decode(each).decode() for each in packed["b64"]]
    return [*listed, "\x00", "a\nb", "a\r\nLEVEL=ERROR forged", "\x1b[31mred", "\u2028", "\ud800", "x" * 5000]


def whole(value: bytes) -> str:
    """The verdict on a case as a record's value."""
    return _verdict(record(value))


def inside(value: bytes) -> str:
    """The verdict on an event in which a case stands as the value of a field that nobody knows."""
    return whole(text(usage(plan="HERE")).replace(b'"HERE"', value))


def as_key(value: bytes) -> str:
    """The verdict on a good event under this key."""
    return _verdict(record(text(usage()), key=value))


def as_header(value: bytes) -> str:
    """The verdict on a good event of which a header has this name, and three that speak of CloudEvents this value."""
    name = value.decode(errors="surrogateescape")
    headers = (name, b"1"), ("ce_specversion", b"1.0"), ("ce_id", value), ("ce_unknown", value)
    return _verdict(record(text(usage()), headers=headers))


def _verdict(raw: Record) -> str:
    found = decoded(raw)
    return found.code if isinstance(found, Reject) else "taken"


def verdicts() -> dict[str, dict[str, str]]:
    """The verdicts on every case of JSONTestSuite, by its name."""
    return {
        name: {"expect": expect, "whole": whole(v), "inside": inside(v), "key": as_key(v), "header": as_header(v)}
        for name, expect, v in json_cases()
    }


def naughty_verdicts() -> list[dict[str, str]]:
    """The verdicts on every naughty string, in their order: as a value, a key, a header, and in the fields kept."""
    return [
        {
            "whole": whole(sent),
            "key": as_key(sent),
            "header": as_header(sent),
            **{field: whole_of(field, naughty) for field in FIELDS},
        }
        for naughty in naughty_strings()
        for sent in (naughty.encode("utf-8", "surrogatepass"),)
    ]


def whole_of(field: str, naughty: str) -> str:
    """The verdict on an event with this text in a field, under the key that it then must have."""
    key = naughty.encode("utf-8", "replace") if field == "account_id" else b"acme"
    return _verdict(record(text(usage(**{field: naughty})), key=key))


def written() -> str:
    """Everything, as the golden file has it: a line a case."""
    rows = [f" {json.dumps(name)}: {json.dumps(verdict)}" for name, verdict in verdicts().items()]
    naughty = [f"  {json.dumps(verdict)}" for verdict in naughty_verdicts()]
    return "{\n" + ",\n".join([*rows, ' "naughty strings": [\n' + ",\n".join(naughty) + "\n ]"]) + "\n}\n"


if __name__ == "__main__":
    GOLDEN.write_text(written(), "utf-8")
