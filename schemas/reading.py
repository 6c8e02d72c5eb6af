"""The contract as a reader: a record's value and headers in, a model of an event out, or the reason why not.

Slow, exact, and able to explain. The detector's decoder is a faster reader of a part of this; what it will not judge
comes here.
"""

import re
from typing import Any, Final

from pydantic import ValidationError

from schemas.cloudevents import Headers, unwrapped
from schemas.envelope import MAJOR, Event
from schemas.events import MODELS
from schemas.refusal import Refused
from schemas.strict_json import parse

LARGEST_VALUE: Final = 256 * 1024
"""Bytes of a record's value, framing included."""
FRAME: Final = 5
"""Bytes of Confluent's framing of JSON: a zero, which no JSON begins with, and a schema's number."""

_SHOWN_ERRORS: Final = 3
_MAJOR: Final = re.compile(r"(\d{1,9})(?:\.\d{1,9})*", re.ASCII)
_KINDS: Final = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a truth value"}


def read(value: bytes | None, headers: Headers = ()) -> Event:
    """Give the event that a record's value and headers hold.

    Raises:
        Refused: with any reason but those that take the record's key, partition or time to tell.
    """
    if value is None:
        raise Refused("null_value", "the record has no value")
    if len(value) > LARGEST_VALUE:
        raise Refused("too_large", f"{len(value)} bytes, {LARGEST_VALUE} are allowed")
    body = parse(value[FRAME:] if value.startswith(b"\0") else value)
    if not isinstance(body, dict):
        raise Refused("not_object", f"{_KINDS.get(type(body), 'null')} where an object is expected")
    event: dict[str, Any] = body
    try:
        event = unwrapped(body, headers)
        return _event(event)
    except Refused as refused:
        raise Refused(refused.reason, refused.detail, **_sender(event)) from None


def _event(body: dict[str, Any]) -> Event:
    major = _major(body.get("schema_version"))
    if major is not None and major > MAJOR:
        raise Refused("unsupported_version", f"schema_version {major}, this reader knows {MAJOR}")
    event_type = body.get("event_type")
    if not isinstance(event_type, str):
        raise Refused("schema", "event_type: must be there, as a string")
    model = MODELS.get(event_type)
    if model is None:
        raise Refused("unknown_type", f"event_type {event_type!r} is not of this contract")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refused("schema", _explained(error)) from None


def _major(version: object) -> int | None:
    if isinstance(version, int) and not isinstance(version, bool):
        return version
    found = _MAJOR.fullmatch(version) if isinstance(version, str) else None
    return int(found[1]) if found else None


def _explained(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_place(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in found[:_SHOWN_ERRORS]]
    if len(found) > _SHOWN_ERRORS:
        told.append(f"and {len(found) - _SHOWN_ERRORS} more")
    return "; ".join(told)


def _place(path: tuple[int | str, ...]) -> str:
    """Name a field and the places in its lists; names that the emitter chose, of labels and traits, are left out."""
    if not path:
        return "event"
    return f"{path[0]}" + "".join(f"[{at}]" for at in path[1:] if isinstance(at, int))


def _sender(body: dict[str, Any]) -> dict[str, str]:
    found = {name: body.get(name) for name in ("source", "event_type")}
    return {name: text for name, text in found.items() if isinstance(text, str) and text}
