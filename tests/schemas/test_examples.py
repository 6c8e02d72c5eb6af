"""The examples of the contract, read by the models and by JSON Schema: nothing unread, nothing out of place."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError
from referencing import Registry, Resource

from schemas.events import MODELS
from schemas.example import FOLDER
from schemas.generate import ROOT
from schemas.json_schema import FOLDER as SCHEMAS
from schemas.json_schema import OUTPUTS, identity
from schemas.reading import read
from schemas.refusal import REASONS, Refused

EXAMPLES = ROOT / FOLDER
ALL = sorted(EXAMPLES.rglob("*.json"))
SHAPES = sorted((ROOT / SCHEMAS).rglob("*.json"))
# What JSON Schema cannot say, or is not made to say: rules that span fields, what depends on the record, text as such.
BEYOND_JSON_SCHEMA = {
    "schema.scale_upside_down",
    "schema.score_not_on_its_scale",
    "schema.due_in_the_year_9999",
    "schema.time_that_does_not_exist",
    "schema.time_without_an_offset",
    "schema.renewal_date_with_a_time",
    "schema.holiday_that_does_not_exist",
    "schema.count_1e999",
    "schema.account_id_that_ends_with_a_newline",  # it can; Python's validator lets a last newline pass before `$`
}


@pytest.fixture(scope="module")
def registry() -> Registry[Any]:
    resources = [Resource.from_contents(json.loads(path.read_text("utf-8"))) for path in SHAPES]
    return Registry().with_resources((str(each.id()), each) for each in resources)


def validator(registry: Registry[Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": identity(name)}, registry=registry)


def kind_of(path: Path) -> tuple[str, bool]:
    """Which folder an example stands in, and whether it is a valid one."""
    folder, judged = path.relative_to(EXAMPLES).parts[:2]
    return folder, judged == "valid"


def test_every_example_stands_where_a_test_reads_it() -> None:
    assert {kind_of(path)[0] for path in ALL} == {"events", *OUTPUTS}
    assert {path.relative_to(EXAMPLES).parts[1] for path in ALL} == {"valid", "invalid"}
    assert all(len(path.relative_to(EXAMPLES).parts) == 3 for path in ALL)
    assert not [path for path in EXAMPLES.rglob("*") if path.is_file() and path.suffix != ".json"]


def test_every_event_type_and_every_output_has_a_valid_and_an_invalid_example() -> None:
    valid = {path.stem for path in (EXAMPLES / "events/valid").glob("*.json")}
    assert set(MODELS) <= valid
    for name in OUTPUTS:
        assert {judged for path in ALL for folder, judged in [kind_of(path)] if folder == name} == {True, False}


@pytest.mark.parametrize("path", [p for p in ALL if kind_of(p) == ("events", True)], ids=lambda path: path.stem)
def test_a_valid_event_is_taken_by_its_model_and_by_json_schema(path: Path, registry: Registry[Any]) -> None:
    found = read(path.read_bytes())
    assert type(found) is MODELS[found.event_type]
    body = json.loads(path.read_bytes())
    validator(registry, found.event_type).validate(body)
    validator(registry, "event").validate(body)


@pytest.mark.parametrize("path", [p for p in ALL if kind_of(p) == ("events", False)], ids=lambda path: path.stem)
def test_an_invalid_event_is_refused_for_the_reason_in_its_name(path: Path, registry: Registry[Any]) -> None:
    reason = path.stem.partition(".")[0]
    assert reason in REASONS
    if reason in ("timestamp_out_of_range", "too_late"):  # for the decoder, which knows the record's time
        read(path.read_bytes())
        return
    with pytest.raises(Refused) as refused:
        read(path.read_bytes())
    assert refused.value.reason == reason
    if reason == "schema" and path.stem not in BEYOND_JSON_SCHEMA:
        assert not validator(registry, "event").is_valid(json.loads(path.read_bytes()))


def test_what_is_said_to_be_beyond_json_schema_is(registry: Registry[Any]) -> None:
    for name in BEYOND_JSON_SCHEMA:
        body = json.loads((EXAMPLES / f"events/invalid/{name}.json").read_bytes())
        if name != "schema.count_1e999":  # which Python's reader makes infinity of
            assert validator(registry, "event").is_valid(body), name


def outputs(valid: bool) -> list[Path]:
    return [path for path in ALL if kind_of(path)[0] in OUTPUTS and kind_of(path)[1] is valid]


@pytest.mark.parametrize("path", outputs(valid=True), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_valid_output_is_taken_whole_by_its_model_and_by_json_schema(path: Path, registry: Registry[Any]) -> None:
    name, body = kind_of(path)[0], json.loads(path.read_bytes())
    model: type[BaseModel] = OUTPUTS[name]
    assert model.model_validate_json(path.read_bytes()).model_dump(mode="json", by_alias=True) == body
    validator(registry, name).validate(body)


@pytest.mark.parametrize("path", outputs(valid=False), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_an_invalid_output_is_refused_by_its_model_and_by_json_schema(path: Path, registry: Registry[Any]) -> None:
    name = kind_of(path)[0]
    with pytest.raises(ValidationError):
        OUTPUTS[name].model_validate_json(path.read_bytes())
    if path.stem != "subject_without_an_id":  # a rule that spans two fields
        assert not validator(registry, name).is_valid(json.loads(path.read_bytes()))
