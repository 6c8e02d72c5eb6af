"""The registry's list of rights as a person reads it, as commands of Kafka's own tool, and as data for a program."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Literal

import yaml

from schemas.access import Acl, Operation, Principal

Format = Literal["table", "commands", "json", "yaml"]

_PROPERTIES: Final = "admin.properties"
"""Where the commands say how Kafka's tool logs in; the file is the operator's own."""

WORDS: Final[Mapping[Operation, str]] = {
    "READ": "Read",
    "WRITE": "Write",
    "CREATE": "Create",
    "DESCRIBE": "Describe",
    "DESCRIBE_CONFIGS": "DescribeConfigs",
    "ALTER_CONFIGS": "AlterConfigs",
}
"""Operations as kafka-acls.sh and Strimzi spell them."""

_OPTIONS: Final = {"TOPIC": "--topic", "GROUP": "--group", "TRANSACTIONAL_ID": "--transactional-id"}


def written(acls: Sequence[Acl], form: Format, *, users: Mapping[Principal, str], brokers: str) -> str:
    """Give the list in one of its forms, one right a row or entry; `users` name a principal, else it is its own name.

    A name with a colon is taken as it is (`Group:ops`, `User:CN=worker`), any other as `User:<name>`. Host is always
    `*` and the permission always ALLOW.
    """
    forms: Mapping[Format, Callable[[], str]] = {
        "table": lambda: _table(acls, users),
        "commands": lambda: "\n".join(_commands(acls, users, brokers)),
        "json": lambda: json.dumps(_data(acls, users), indent=2),
        "yaml": lambda: yaml.safe_dump(_data(acls, users), sort_keys=False).rstrip("\n"),
    }
    return forms[form]()


def principal(acl: Acl, users: Mapping[Principal, str]) -> str:
    """Whom Kafka knows this principal as."""
    name = users.get(acl.principal, acl.principal)
    return name if ":" in name else f"User:{name}"


def _pattern(acl: Acl) -> str:
    return "PREFIXED" if acl.prefixed else "LITERAL"


def _data(acls: Sequence[Acl], users: Mapping[Principal, str]) -> list[dict[str, str]]:
    return [
        {
            "role": acl.principal,
            "principal": principal(acl, users),
            "operation": acl.operation,
            "resource_type": acl.resource,
            "resource_name": acl.name,
            "pattern_type": _pattern(acl),
        }
        for acl in acls
    ]


def _table(acls: Sequence[Acl], users: Mapping[Principal, str]) -> str:
    """One row for each resource of a principal, its operations together."""
    rows = [("principal", "resource", "name", "operations")]
    for (_, resource, name, prefixed), some in groupby(_by_resource(acls), _resource):
        same = list(some)
        operations = ", ".join(acl.operation for acl in same)
        rows.append((principal(same[0], users), resource, name + ("*" if prefixed else ""), operations))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    )


def _commands(acls: Sequence[Acl], users: Mapping[Principal, str], brokers: str) -> Iterator[str]:
    """One command for all resources on which a principal has the same operations."""
    start = ["kafka-acls.sh", "--bootstrap-server", brokers, "--command-config", _PROPERTIES, "--add"]
    alike: dict[tuple[str, str, bool, tuple[Operation, ...]], list[str]] = {}
    for (_, resource, name, prefixed), some in groupby(_by_resource(acls), _resource):
        same = list(some)
        key = (principal(same[0], users), resource, prefixed, tuple(acl.operation for acl in same))
        alike.setdefault(key, []).append(name)
    for (who, resource, prefixed, operations), names in alike.items():
        words = [*start, "--allow-principal", who]
        words += [word for operation in operations for word in ("--operation", WORDS[operation])]
        words += [word for name in names for word in (_OPTIONS[resource], name)]
        words += ["--resource-pattern-type", "prefixed"] if prefixed else []
        yield shlex.join(words)


def _resource(acl: Acl) -> tuple[str, str, str, bool]:
    return acl.principal, acl.resource, acl.name, acl.prefixed


def _by_resource(acls: Sequence[Acl]) -> list[Acl]:
    """The same rights, those of one resource side by side, in the order in which each resource is first named."""
    ranks = {key: rank for rank, key in enumerate(dict.fromkeys(_resource(acl) for acl in acls))}
    return sorted(acls, key=lambda acl: ranks[_resource(acl)])
