"""Versions of what is stored: a record is an array whose first two elements are its major and its minor version.

The same major is read. A later minor has more fields at the end, which an older build keeps as they are. Only a record
itself grows so, nothing inside it: what is inside would be cut off by an older build.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

MAJOR: Final = 1
MINOR: Final = 0
"""The latest minor version that this build knows; each one has its row in `state.FIELDS`."""

WRITTEN: Final = 0
"""The minor version written unless a setting says another: that of the release before, which may run beside it."""

_SHORT_ARRAY: Final = range(0x90, 0xA0)
_ARRAY_16, _ARRAY_32 = 0xDC, 0xDD

_raws = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_any = msgspec.msgpack.Decoder(list[Any]).decode


class StateError(Exception):
    """Stored state that cannot be gone on with; `newer` tells that a later release wrote it."""

    def __init__(self, message: str, *, newer: bool = False) -> None:
        super().__init__(message)
        self.newer = newer


def newer(what: str, found: int, known: int = MAJOR) -> StateError:
    """What to raise for state of a major version that this build does not know."""
    return StateError(f"{what} has version {found}, this release reads {known}: start a newer release", newer=True)


def looks_readable(data: bytes) -> bool:
    """Whether these bytes begin as a record of this major version; says nothing of what follows."""
    at = _elements_at(data)
    return 0 < at < len(data) and data[at] == MAJOR


def newer_major(data: bytes) -> int | None:
    """The major version of what is a whole record of a later one than this build knows; None of anything else."""
    try:
        elements = _any(data)
    except (msgspec.MsgspecError, RecursionError):
        return None
    major = elements[0] if elements else None
    return major if isinstance(major, int) and major > MAJOR else None


def unknown_fields(data: bytes, known: int) -> Sequence[msgspec.Raw]:
    """The elements of a readable record behind the first `known`, each as its bytes."""
    at = _elements_at(data)
    length = data[0] - _SHORT_ARRAY.start if at == 1 else int.from_bytes(data[1:at], "big")
    if length <= known:
        return ()
    return [msgspec.Raw(bytes(one)) for one in _raws(data)[known:]]


def _elements_at(data: bytes) -> int:
    """Where the elements of an array begin; 0 for what is no array."""
    kind = data[0] if data else 0
    if kind in _SHORT_ARRAY:
        return 1
    return {_ARRAY_16: 3, _ARRAY_32: 5}.get(kind, 0)
