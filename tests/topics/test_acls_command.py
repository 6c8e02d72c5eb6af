"""`detector topics acls`: every form of the list says the same, and it is the registry's."""

import json
import shlex
from itertools import pairwise, product

import pytest
import yaml
from click.testing import CliRunner, Result

from detector.access import written
from detector.topics_cli import topics
from schemas.access import PRINCIPALS, acls

RIGHTS = acls("eu-app", prefix="eu-")
ENVIRONMENT = ("--topic-prefix", "eu-", "--app-id", "eu-app")

Row = tuple[str, str, str, str, str]
"""Principal, operation, resource, name, pattern."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(topics, ["acls", *ENVIRONMENT, *arguments], env={"DETECTOR_CONFIG": None})


def expected() -> set[Row]:
    return {
        (f"User:{acl.principal}", acl.operation, acl.resource, acl.name, "PREFIXED" if acl.prefixed else "LITERAL")
        for acl in RIGHTS
    }


def of_data(entries: list[dict[str, str]]) -> set[Row]:
    return {
        (
            entry["principal"],
            entry["operation"],
            entry["resource_type"],
            entry["resource_name"],
            entry["pattern_type"],
        )
        for entry in entries
    }


def of_commands(text: str) -> set[Row]:
    """What Kafka's own tool would make of it: every operation on every resource of a command."""
    spelt: dict[str, str] = {
        "".join(word.title() for word in name.split("_")): name for name in {acl.operation for acl in RIGHTS}
    }
    kinds = {"--topic": "TOPIC", "--group": "GROUP", "--transactional-id": "TRANSACTIONAL_ID"}
    rows: set[Row] = set()
    for line in text.splitlines():
        words = shlex.split(line)
        given = list(pairwise(words))
        who = next(value for option, value in given if option == "--allow-principal")
        operations = [spelt[value] for option, value in given if option == "--operation"]
        resources = [(kinds[option], value) for option, value in given if option in kinds]
        pattern = "PREFIXED" if ("--resource-pattern-type", "prefixed") in given else "LITERAL"
        assert words[0] == "kafka-acls.sh"
        assert "--add" in words
        rows |= {(who, operation, kind, name, pattern) for operation, (kind, name) in product(operations, resources)}
    return rows


def of_table(text: str) -> set[Row]:
    rows = set()
    for line in text.splitlines()[1:]:
        who, kind, name, operations = line.split(maxsplit=3)
        pattern = "PREFIXED" if name.endswith("*") else "LITERAL"
        rows |= {(who, operation, kind, name.removesuffix("*"), pattern) for operation in operations.split(", ")}
    return rows


def test_every_form_says_what_the_registry_says() -> None:
    assert of_table(run().stdout) == expected()
    assert of_commands(run("--format", "commands").stdout) == expected()
    assert of_data(json.loads(run("--format", "json").stdout)) == expected()
    assert of_data(yaml.safe_load(run("--format", "yaml").stdout)) == expected()


def test_one_roles_rights_under_the_name_that_kafka_has_for_it() -> None:
    said = run("--only", "worker", "--user", "worker=CN=decay worker,O=Us", "--format", "json").stdout
    assert {entry["role"] for entry in json.loads(said)} == {"worker"}
    assert {entry["principal"] for entry in json.loads(said)} == {"User:CN=decay worker,O=Us"}
    group = run("--only", "alert-reader", "--user", "alert-reader=Group:csm", "--format", "commands").stdout
    assert {row[0] for row in of_commands(group)} == {"Group:csm"}


def test_a_name_cannot_add_words_to_a_command() -> None:
    said = run("--only", "worker", "--user", "worker=x; touch y", "--format", "commands").stdout
    assert {row[0] for row in of_commands(said)} == {"User:x; touch y"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "boss"), "--only: 'boss' is none of worker, "),
        (("--user", "boss=x"), "--user: 'boss' is none of worker, "),
        (("--user", "worker"), "--user takes ROLE=NAME"),
        (("--user", "worker=a", "--user", "worker=b"), "--user takes ROLE=NAME, each role once"),
    ],
)
def test_a_role_that_does_not_exist_is_named(arguments: tuple[str, ...], told: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert told in refused.output


def test_every_role_has_a_right() -> None:
    assert {acl.principal for acl in RIGHTS} == set(PRINCIPALS)


def test_the_brokers_stand_in_the_commands() -> None:
    assert " --bootstrap-server one:1,two:2 " in written(RIGHTS[:1], "commands", users={}, brokers="one:1,two:2")
