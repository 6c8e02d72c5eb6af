"""JSON as RFC 8259 has it and no more: UTF-8, no NaN, no Infinity, no lone surrogates, at most 8 levels deep.

What Python's reader takes beyond that is refused; no input makes it recurse deeply or take more than linear time.
"""

import json
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

from schemas.refusal import Refused

DEEPEST: Final = 8
"""Levels of objects and lists, the outermost counted."""

_STRING: Final = re.compile(r'"(?:[^"\\]+|\\.?)*+"?', re.DOTALL)
_STEP: Final = bytes.maketrans(b"[{]}", bytes((2, 2, 0, 0)))  # one more than the step in depth: bytes are not negative
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_EXACT_DIGITS: Final = 20  # of an integer, its sign included: 64 bits; Python refuses to read very long ones


def parse(value: bytes) -> Any:
    """Give what a JSON text says; the last of two equal names counts.

    Raises:
        Refused: `bad_utf8` or `bad_json`.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise Refused("bad_utf8", f"byte {error.start} is not UTF-8") from None
    _check_depth(text)
    try:
        found = json.loads(text, parse_constant=_no_number, parse_int=_integer)
        if _SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused("bad_json", "half a surrogate pair is no character") from None
    except ValueError as error:
        raise Refused("bad_json", str(error)) from None
    return found


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    steps = _STRING.sub("", text).encode().translate(_STEP, _NO_BRACKETS)
    if max(accumulate(map((-1).__add__, steps)), default=0) > DEEPEST:
        raise Refused("bad_json", f"nested more than {DEEPEST} levels deep")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _EXACT_DIGITS else float(digits)
