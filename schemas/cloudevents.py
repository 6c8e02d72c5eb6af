"""CloudEvents 1.0 over Kafka: the event out of its wrapping, in binary mode (`ce_*` headers) or structured mode.

An attribute fills the field of the envelope that the event itself does not have: `id`, `type`, `source`, `time`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.refusal import Refused

Headers = Sequence[tuple[str, bytes]]

STRUCTURED: Final = b"application/cloudevents+json"
FIELD_OF: Final[Mapping[str, str]] = {
    "id": "event_id",
    "type": "event_type",
    "source": "source",
    "time": "occurred_at",
}
_PREFIX: Final = "ce_"
_TELLING: Final = frozenset({"content-type", f"{_PREFIX}specversion"})


def may_wrap(headers: Headers) -> bool:
    """Say whether the headers may speak of a CloudEvent; others, such as a trace's, change nothing."""
    return any(name in _TELLING for name, _ in headers)


def unwrapped(body: dict[str, Any], headers: Headers) -> dict[str, Any]:
    """Give the flat event that a record's value holds, as it is when the headers speak of no CloudEvent.

    Raises:
        Refused: `unsupported_version` for another specversion than 1.x; `schema` when there is no event in it.
    """
    named = dict(headers)
    content_type = (named.get("content-type") or b"").partition(b";")[0].strip().lower()
    if content_type == STRUCTURED:
        return _filled(_data(body), body)
    if f"{_PREFIX}specversion" in named:
        return _filled(body, _attributes(headers))
    return body


def _attributes(headers: Headers) -> dict[str, str]:
    return {name.removeprefix(_PREFIX): _text(value) for name, value in headers if name.startswith(_PREFIX)}


def _data(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    if not isinstance(data, dict):
        raise Refused("schema", "data: a CloudEvent in structured mode has the event there, as an object")
    return data


def _filled(event: dict[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    version = attributes.get("specversion")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise Refused("unsupported_version", "a CloudEvent of another specversion than 1.0")
    given = {field: attributes[name] for name, field in FIELD_OF.items() if name in attributes}
    return given | event


def _text(value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise Refused("schema", "a CloudEvents header is not UTF-8") from None
