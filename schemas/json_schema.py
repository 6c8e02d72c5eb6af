"""Writes the JSON Schemas (2020-12) of everything that travels, one file each, with an example in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

from schemas.alert import Alert
from schemas.dead_letter import DeadLetterHeaders
from schemas.events import MODELS
from schemas.example import of_event
from schemas.health import Health
from schemas.notice import Notice

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path("schemas/json")
OUTPUTS: Final[Mapping[str, type[BaseModel]]] = {
    "alert": Alert,
    "dead_letter": DeadLetterHeaders,
    "health": Health,
    "notice": Notice,
}
"""What the detector writes, by the name of its schema."""


class _Generator(GenerateJsonSchema):
    """Leaves out what says nothing: titles made of names, and null as the default of what may be absent."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", "") is None:
            del made["default"]
        return made


def identity(name: str) -> str:
    """Give the `$id` of a schema by its name: an event type, `event`, or one of `OUTPUTS`."""
    return f"urn:value-decay-detector:v1:{name}"


def schema_of(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """Give the schema of a model; of an event with its whole example."""
    made = model.model_json_schema(schema_generator=_Generator)
    if name in MODELS:
        made["examples"] = [of_event(name)]
    return {"$schema": DIALECT, "$id": identity(name), **made}


def schemas() -> dict[str, dict[str, Any]]:
    """Give every schema by its name; that of `event` is one of the event types'."""
    union = {
        "$schema": DIALECT,
        "$id": identity("event"),
        "title": "Event",
        "description": "Any event of the contract, told apart by its event_type.",
        "type": "object",
        "required": ["event_type"],
        "oneOf": [{"$ref": identity(name)} for name in MODELS],
    }
    return {"event": union} | {name: schema_of(name, model) for name, model in (*MODELS.items(), *OUTPUTS.items())}


def files() -> dict[Path, str]:
    """Give every schema's file and what it says."""
    return {
        (FOLDER / "events" if name in MODELS else FOLDER) / f"{name}.json": text_of(made)
        for name, made in schemas().items()
    }


def text_of(made: Mapping[str, Any]) -> str:
    """Give JSON for people: indented, as it came, one line at its end."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
