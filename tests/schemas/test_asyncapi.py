"""The AsyncAPI document says what the registry of topics and the models say, and its references lead somewhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.asyncapi import DOCUMENT, FORMAT, document
from schemas.events import ANY_TOPIC, MODELS, TOPIC_OF, event_type_of
from schemas.example import FOLDER
from schemas.generate import ROOT
from schemas.json_schema import OUTPUTS, schemas
from schemas.topics import IN_TOPICS, topics

MADE = document()
SHARED = [topic for topic in topics() if topic.role in ("in", "out")]
# Words of 2019-09 and later that the contract might come to use, and draft-07 does not know.
NEWER = {
    *("dependentRequired", "dependentSchemas", "maxContains", "minContains", "prefixItems"),
    *("unevaluatedItems", "unevaluatedProperties", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"),
}


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def lost(made: dict[str, Any]) -> set[str]:
    """The references that lead nowhere: neither to a part of the document nor to a file beside it."""
    found = set()
    for reference in references(made):
        path, _, part = reference.partition("#")
        there: Any = made
        if path and not (ROOT / DOCUMENT).parent.joinpath(path).is_file():
            found.add(reference)
        for name in [] if path else part.strip("/").split("/"):
            there = there.get(name, {}) if isinstance(there, dict) else {}
        if not there:
            found.add(reference)
    return found


def words(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
        for value in schema.values():
            yield from words(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from words(each)


def test_every_reference_leads_somewhere() -> None:
    assert len(list(references(MADE))) > 2 * len(MODELS)
    assert lost(MADE) == set()


def test_a_reference_that_leads_nowhere_is_seen() -> None:
    wrong = json.loads(json.dumps(MADE))
    wrong["components"]["messages"]["usage.recorded"]["payload"]["schema"]["$ref"] = "json/events/usage.recorder.json"
    wrong["operations"]["send-decay-alerts-v1"]["channel"]["$ref"] = "#/channels/decay-alert-v1"
    assert lost(wrong) == {"json/events/usage.recorder.json", "#/channels/decay-alert-v1"}


def test_every_topic_that_others_use_is_a_channel_as_the_registry_has_it() -> None:
    assert {channel["address"] for channel in MADE["channels"].values()} == {topic.name for topic in SHARED}
    for topic in SHARED:
        channel = MADE["channels"][topic.name.replace(".", "-")]
        kafka = channel["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == int(topic.settings()["retention.ms"])
        assert kafka["topicConfiguration"]["cleanup.policy"] == [topic.settings()["cleanup.policy"]]
        assert topic.key in channel["description"]
        assert ("isolation.level=read_committed" in channel["description"]) == (topic.role == "out")


def test_every_event_type_is_a_message_of_its_topic_and_a_heartbeat_of_each() -> None:
    for name in IN_TOPICS:
        carried = set(MADE["channels"][name.replace(".", "-")]["messages"])
        assert carried == {each for each, topic in TOPIC_OF.items() if topic == name} | set(
            map(event_type_of, ANY_TOPIC)
        )
    assert set(MADE["components"]["messages"]) == {*MODELS, *OUTPUTS}


def test_the_detector_receives_events_and_sends_the_rest_and_every_message_is_in_an_operation() -> None:
    actions = {each["channel"]["$ref"].rpartition("/")[2]: each["action"] for each in MADE["operations"].values()}
    assert actions == {topic.name.replace(".", "-"): "receive" if topic.role == "in" else "send" for topic in SHARED}
    used = {one["$ref"].rpartition("/")[2] for each in MADE["operations"].values() for one in each["messages"]}
    assert used == set(MADE["components"]["messages"])


def test_a_dead_letter_has_the_original_bytes_and_headers_of_its_own() -> None:
    message = MADE["components"]["messages"]["dead_letter"]
    assert message["contentType"] == "application/octet-stream"
    assert message["headers"]["schema"]["$ref"] == "json/dead_letter.json"
    assert "schema" not in message["payload"]


def test_the_schemas_say_nothing_that_the_format_named_does_not_know() -> None:
    assert FORMAT.endswith("draft-07")
    for schema in schemas().values():
        assert set(words(schema)) & NEWER == set()
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name", MODELS)
def test_an_event_is_judged_by_draft_07_as_by_2020_12(name: str) -> None:
    schema = schemas()[name]
    examples = [path for path in (ROOT / FOLDER / "events").rglob("*.json") if _type_of(path) == name]
    assert examples
    for path in examples:
        event = json.loads(path.read_text("utf-8"))
        assert Draft7Validator(schema).is_valid(event) == Draft202012Validator(schema).is_valid(event), path


def _type_of(path: Path) -> str:
    try:
        event = json.loads(path.read_text("utf-8"))
    except ValueError:
        return ""
    return str(event.get("event_type")) if isinstance(event, dict) else ""
