"""What is made of the models is up to date, is sound JSON Schema, and the checks that say so can fail."""

import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import generate, json_schema
from schemas.events import MODELS

# Every keyword that the contract uses. One that is misspelt would leave a check open unseen.
KEYWORDS = {
    *("$defs", "$id", "$ref", "$schema", "title", "description", "examples", "default", "format"),
    *("type", "const", "enum", "anyOf", "oneOf", "not", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("items", "minItems", "maxItems", "uniqueItems"),
    *("properties", "required", "patternProperties", "additionalProperties", "propertyNames", "maxProperties"),
}
NAMES_INSIDE = {"properties", "$defs", "patternProperties"}
VALUES_INSIDE = {"examples", "enum", "const", "default", "required"}


def keywords(schema: object) -> Iterator[str]:
    """Every keyword of a schema, names of fields and example values left out."""
    if isinstance(schema, list):
        for each in schema:
            yield from keywords(each)
    if isinstance(schema, dict):
        for name, value in schema.items():
            yield name
            if name in NAMES_INSIDE:
                yield from keywords(list(value.values()))
            elif name not in VALUES_INSIDE:
                yield from keywords(value)


def misspelt(schemas: Mapping[str, Any]) -> set[str]:
    return {word for schema in schemas.values() for word in keywords(schema)} - KEYWORDS


def test_nothing_that_is_generated_has_drifted() -> None:
    assert generate.drifted(generate.ROOT) == []
    assert generate.main(["--check"]) == 0


def test_drift_is_seen_and_writing_mends_it(tmp_path: Path) -> None:
    assert len(generate.write(tmp_path)) == len(generate.artefacts())
    assert generate.drifted(tmp_path) == []
    (tmp_path / generate.STRUCTS).write_text("# edited by hand\n")
    (tmp_path / "schemas/json/events/usage.recorded.json").unlink()
    (tmp_path / "schemas/json/events/usage.forgotten.json").write_text("{}\n")
    seen = {generate.STRUCTS, *(Path(f"schemas/json/events/usage.{name}.json") for name in ("recorded", "forgotten"))}
    assert set(generate.drifted(tmp_path)) == seen
    assert set(generate.write(tmp_path)) == seen
    assert generate.drifted(tmp_path) == []


def test_the_command_says_what_drifted_and_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "drifted: detector/domain/events.py: run `python -m schemas.generate`" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert "written: detector/domain/events.py" in capsys.readouterr().out
    assert generate.main(["--help"]) == 2


def test_it_runs_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    monkeypatch.delitem(sys.modules, "schemas.generate")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("schemas.generate", run_name="__main__")
    assert ended.value.code == 0


def test_every_schema_is_json_schema_2020_12_with_an_identity_of_its_own() -> None:
    made = json_schema.schemas()
    assert set(made) == {"event", *MODELS, *json_schema.OUTPUTS}
    assert len({schema["$id"] for schema in made.values()}) == len(made)
    for schema in made.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_no_keyword_is_misspelt() -> None:
    assert misspelt(json_schema.schemas()) == set()


def test_a_misspelt_keyword_is_seen() -> None:
    wrong = json.loads(json.dumps(json_schema.schemas()))
    wrong["usage.recorded"]["properties"]["count"]["minmum"] = 1
    wrong["alert"]["aditionalProperties"] = False
    Draft202012Validator.check_schema(wrong["alert"])  # which is why we look ourselves
    assert misspelt(wrong) == {"minmum", "aditionalProperties"}


def test_the_bounds_of_numbers_reach_the_schema() -> None:
    made = json_schema.schemas()  # a validator that stands before the bounds once turned them into unknown words
    assert made["usage.recorded"]["properties"]["count"] == {
        "default": 1,
        "exclusiveMaximum": 2**53,
        "minimum": 1,
        "type": "integer",
    }
