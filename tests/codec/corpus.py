"""Two public corpora of bad input, and the verdict on every case, which `python -m tests.codec.corpus` writes."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from detector.domain.record import Reject
from tests.codec.records import decoded, record, text, usage

DATA: Final = Path(__file__).parent / "data"
GOLDEN: Final = DATA / "verdicts.json"


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
    found = decoded(record(value))
    return found.code if isinstance(found, Reject) else "taken"


def inside(value: bytes) -> str:
    """The verdict on an event in which a case stands as the value of a field that nobody knows."""
    return whole(text(usage(plan="HERE")).replace(b'"HERE"', value))


def verdicts() -> dict[str, dict[str, str]]:
    """The verdicts on every case, by the name of the case."""
    return {name: {"expect": expect, "whole": whole(v), "inside": inside(v)} for name, expect, v in json_cases()}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(verdicts(), indent=1) + "\n", "utf-8")
