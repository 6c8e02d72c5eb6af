"""Writes the contract as AsyncAPI 3: which topic carries which message, under which key, with which headers.

It is told from the detector's side: it receives events and sends alerts. Payloads are the JSON Schemas beside it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.envelope import MAJOR, SCHEMA_VERSION
from schemas.events import ANY_TOPIC, MODELS, TOPIC_OF, event_type_of
from schemas.json_schema import OUTPUTS, text_of
from schemas.topics import ALERTS, DEAD_LETTERS, HEALTH, NOTICES, Topic, topics

DOCUMENT: Final = Path("schemas/asyncapi.json")
FORMAT: Final = "application/schema+json;version=draft-07"
"""The newest format that every tool must know. The schemas name 2020-12, and use no word that draft-07 lacks but
`$defs`, which is only where their references lead; a test keeps it so."""

_BINDING: Final = "0.5.0"
_OUT: Final[Mapping[str, str]] = {ALERTS: "alert", HEALTH: "health", NOTICES: "notice", DEAD_LETTERS: "dead_letter"}
_ANY: Final = tuple(event_type_of(model) for model in ANY_TOPIC)
_READ_COMMITTED: Final = (
    "Everything is written in Kafka transactions: read with `isolation.level=read_committed`, and each record is seen"
    " exactly once. A reader that does not may see an attempt that was taken back."
)
_SEND: Final = (
    "Any event type is accepted on any of the three in-topics; listed here are those that belong on this one. Use the"
    " Java client's partitioner (murmur2 of the key), so that all events of an account meet. What cannot be used is"
    f" written to `{DEAD_LETTERS}`, and the stream goes on."
)
_INFO: Final = (
    "Events of product usage, support and CRM in; alerts that say that a customer's value is decaying, why, and what to"
    " do out. Names may have a prefix in your environment. Topics that only the detector itself reads are left out."
)
_CE: Final = ("specversion", "id", "type", "source", "time")


def files() -> dict[Path, str]:
    """Give the document's file and what it says."""
    return {DOCUMENT: text_of(document())}


def document() -> dict[str, Any]:
    """Give the whole document."""
    known = [topic for topic in topics() if topic.role in ("in", "out")]
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:value-decay-detector:v{MAJOR}",
        "info": {"title": "Value-decay detector", "version": SCHEMA_VERSION, "description": _INFO},
        "defaultContentType": "application/json",
        "channels": {_id(topic.name): _channel(topic) for topic in known},
        "operations": {_operation_id(topic): _operation(topic) for topic in known},
        "components": {
            "messages": {**{name: _event(name) for name in MODELS}, **dict(map(_output, OUTPUTS))},
            "messageTraits": {"event": _EVENT},
        },
    }


def _id(name: str) -> str:
    """A topic's name as the id of a channel, which may have no dots."""
    return name.replace(".", "-")


def _operation_id(topic: Topic) -> str:
    return f"{'receive' if topic.role == 'in' else 'send'}-{_id(topic.name)}"


def _carried(topic: Topic) -> list[str]:
    """The messages that belong on a topic."""
    if topic.role == "out":
        return [_OUT[topic.name]]
    return [name for name in MODELS if TOPIC_OF.get(name) == topic.name] + list(_ANY)


def _channel(topic: Topic) -> dict[str, Any]:
    settings = topic.settings()
    return {
        "address": topic.name,
        "title": topic.carries[:1].upper() + topic.carries[1:],
        "description": f"Key: {topic.key}. {_SEND if topic.role == 'in' else _READ_COMMITTED}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _carried(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [settings["cleanup.policy"]],
                    "retention.ms": int(settings["retention.ms"]),
                    "max.message.bytes": int(settings["max.message.bytes"]),
                    "message.timestamp.type": settings["message.timestamp.type"],
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{_id(topic.name)}"
    made: dict[str, Any] = {
        "action": "receive" if topic.role == "in" else "send",
        "channel": {"$ref": channel},
        "summary": ("Emitters write here: " if topic.role == "in" else "Readers find here: ") + topic.carries,
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _carried(topic)],
    }
    if topic.role == "in":
        group = {"type": "string", "description": "the detector's app id"}
        made["bindings"] = {"kafka": {"groupId": group, "bindingVersion": _BINDING}}
    return made


def _key(description: str) -> dict[str, Any]:
    return {"kafka": {"key": {"type": "string", "description": description}, "bindingVersion": _BINDING}}


def _ce_headers(required: Iterable[str], extra: Iterable[str] = ()) -> dict[str, Any]:
    """CloudEvents in binary mode: attributes as headers, each UTF-8 text."""
    names = [f"ce_{name}" for name in (*_CE, *extra)]
    made: dict[str, Any] = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    if needed := [f"ce_{name}" for name in required]:
        made["required"] = needed
    return made


_EVENT: Final[dict[str, Any]] = {
    "contentType": "application/json",
    "headers": {
        **_ce_headers(()),
        "description": (
            "None is needed. With `ce_specversion` the record is a CloudEvent in binary mode, and an attribute fills"
            " the field that the event itself lacks: id, type, source, time. Structured mode"
            " (`application/cloudevents+json`) is taken too."
        ),
    },
    "bindings": _key("the event's account_id; of a heartbeat `_feed`"),
}


def _event(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": MODELS[name].__name__,
        "summary": " ".join((MODELS[name].__doc__ or "").split()),
        "traits": [{"$ref": "#/components/messageTraits/event"}],
        "payload": _payload(f"json/events/{name}.json"),
    }


def _payload(path: str) -> dict[str, Any]:
    return {"schemaFormat": FORMAT, "schema": {"$ref": path}}


def _output(name: str) -> tuple[str, dict[str, Any]]:
    """A message that the detector writes."""
    made: dict[str, Any] = {"name": name, "title": OUTPUTS[name].__name__, "summary": _SUMMARIES[name]}
    topic = next(topic for topic in topics() if _OUT.get(topic.name) == name)
    if name == "dead_letter":
        made["contentType"] = "application/octet-stream"
        made["headers"] = _payload(f"json/{name}.json")
        made["payload"] = {"description": "The bytes of the original value, untouched."}
    else:
        made["contentType"] = "application/json"
        made["payload"] = _payload(f"json/{name}.json")
    if name == "alert":
        made["headers"] = _ce_headers(_CE, extra=("subject",))
    return name, {**made, "bindings": _key(topic.key)}


_SUMMARIES: Final = {
    "alert": "One transition of one alert; keep the highest `revision` of an `alert_id`.",
    "health": "The latest snapshot of an account; a null value (a tombstone) says that the account was erased.",
    "notice": "One transition of a finding about more than one account.",
    "dead_letter": "A record that could not be used, and why.",
}
