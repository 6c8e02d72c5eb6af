"""Records as large as are taken at all, each of the kind that a careless reader would spend its time on."""

from collections.abc import Mapping
from typing import Final

from schemas.reading import LARGEST_VALUE
from tests.codec.records import text, usage

_ROOM: Final = LARGEST_VALUE - 600
_PLAIN: Final = text(usage(plan="HERE"))
_PLAIN_DRESS: Final = b"\0"


def _inside(value: bytes) -> bytes:
    """An event with this as the value of a field that nobody knows."""
    return _PLAIN.replace(b'"HERE"', value)


LARGEST: Final[Mapping[str, bytes]] = {
    name: _PLAIN_DRESS + value
    for name, value in {
        "a string that never ends": b"[" * 9 + b'"' + b"\\" * _ROOM,
        "escaped quotes": _inside(b'"' + b'\\"' * (_ROOM // 2) + b'"'),
        "brackets": b"[" * _ROOM,
        "brackets in a string": _inside(b'[[[[[[["' + b"[{" * (_ROOM // 2) + b'"]]]]]]]'),
        "pairs of surrogates": _inside(b'"' + b"\\ud83d\\ude00" * (_ROOM // 12) + b'"'),
        "one number": _inside(b"1" * _ROOM),
        "an exponent": _inside(b"1e" + b"9" * _ROOM),
        "many fields": b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}",
        "one field many times": b"{" + b",".join([b'"k":1'] * 40_000) + b"}",
        "many labels": text(usage(labels={f"k{n}": "v" for n in range(15_000)})),
        "an address": text(usage(stakeholder_id="a@" + "a." * 120_000)),
        "a version": text(usage(schema_version="1" + ".1" * 100_000)),
        "a fraction of a second": text(usage(occurred_at="2026-03-02T09:00:00." + "1" * 200_000 + "Z")),
        "many control characters": text(usage(feature="\x01" * 40_000)),
    }.items()
}
