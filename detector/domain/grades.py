"""The grade in a stored account record, read without the rest of it: a restart counts every account's (3 us each)."""

from typing import Final

import msgspec

from detector.domain.state import AccountRecord, Standing

NONE: Final = Standing().grade
"""The grade of an account of which nothing was judged yet."""
_SKIPPED: Final = msgspec.Raw()


class _Shown(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The beginning of a `Standing`."""

    value: msgspec.Raw = _SKIPPED
    confidence: msgspec.Raw = _SKIPPED
    grade: str = NONE


_before = AccountRecord.__struct_fields__[: AccountRecord.__struct_fields__.index("standing")]
_Record = msgspec.defstruct(
    "_Record",
    [*((name, msgspec.Raw, _SKIPPED) for name in _before), ("standing", _Shown, _Shown())],
    array_like=True,
    frozen=True,
    gc=False,
)
_decode = msgspec.msgpack.Decoder(_Record).decode


def grade_in(data: bytes) -> str:
    """The grade in an encoded account record; NONE for what is no such record, which is for its reader to say."""
    try:
        return str(_decode(data).standing.grade)  # type: ignore[attr-defined]  # made of the record's own fields above
    except (msgspec.MsgspecError, RecursionError):
        return NONE
