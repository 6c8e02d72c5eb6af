"""Who may do what: the least rights of each principal, as data; manifests and ACL commands are made from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from schemas.topics import ALERTS, CONTROL, CRM, DEAD_LETTERS, FLEET, HEALTH, IN_TOPICS, NOTICES, SUPPORT, USAGE
from schemas.topics import topics as all_topics

Principal = Literal[
    "worker",
    "provisioner",
    "usage-emitter",
    "support-emitter",
    "crm-emitter",
    "alert-reader",
    "dead-letter-operator",
    "importer",
    "exporter",
    "state-operator",
]
Operation = Literal["READ", "WRITE", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"]
Resource = Literal["TOPIC", "GROUP", "TRANSACTIONAL_ID"]

PRINCIPALS: Final[tuple[Principal, ...]] = get_args(Principal)

_EMITTERS: Final[tuple[tuple[Principal, str], ...]] = (
    ("usage-emitter", USAGE),
    ("support-emitter", SUPPORT),
    ("crm-emitter", CRM),
)
_PROVISIONING: Final[tuple[Operation, ...]] = ("CREATE", "DESCRIBE", "ALTER_CONFIGS", "DESCRIBE_CONFIGS")


@dataclass(frozen=True)
class Acl:
    """One thing that one principal may do. READ and WRITE imply DESCRIBE; `prefixed`: to all whose names begin so."""

    principal: Principal
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False


def acls(app_id: str, *, prefix: str = "") -> tuple[Acl, ...]:
    """The rights in the environment whose topics begin with `prefix`, for the app with this id.

    Nobody needs a right on the cluster. Groups of readers are `<app_id>-alert-reader…` and `<app_id>-dead-letters…`.
    """
    return tuple(_acls(app_id, prefix))


def _acls(app: str, prefix: str) -> Iterator[Acl]:
    changelogs = [topic.name for topic in all_topics(app_id=app) if topic.role == "changelog"]
    both = [prefix + CONTROL, prefix + FLEET, *changelogs]
    for topic in [*(prefix + name for name in IN_TOPICS), *both]:
        yield Acl("worker", "READ", "TOPIC", topic)
        yield Acl("worker", "DESCRIBE_CONFIGS", "TOPIC", topic)  # it refuses to start on the wrong timestamps
    for topic in [*both, *(prefix + name for name in (ALERTS, HEALTH, NOTICES, DEAD_LETTERS))]:
        yield Acl("worker", "WRITE", "TOPIC", topic)
    for group in (app, f"{app}-fleet"):
        yield Acl("worker", "READ", "GROUP", group)
    yield Acl("worker", "WRITE", "TRANSACTIONAL_ID", f"{app}-", prefixed=True)

    for name in [topic.name for topic in all_topics(prefix=prefix, app_id=app)]:
        for operation in _PROVISIONING:
            yield Acl("provisioner", operation, "TOPIC", name)

    for emitter, name in _EMITTERS:
        yield Acl(emitter, "WRITE", "TOPIC", prefix + name)

    for name in (ALERTS, HEALTH, NOTICES):
        yield Acl("alert-reader", "READ", "TOPIC", prefix + name)
    yield Acl("alert-reader", "READ", "GROUP", f"{app}-alert-reader", prefixed=True)

    yield Acl("dead-letter-operator", "READ", "TOPIC", prefix + DEAD_LETTERS)
    yield Acl("dead-letter-operator", "READ", "GROUP", f"{app}-dead-letters", prefixed=True)
    for name in IN_TOPICS:  # what was mended is sent again
        yield Acl("dead-letter-operator", "WRITE", "TOPIC", prefix + name)
        yield Acl("dead-letter-operator", "DESCRIBE_CONFIGS", "TOPIC", prefix + name)  # to the right timestamps only

    for name in (*IN_TOPICS, CONTROL):  # `detector emit` sends exports too, and looks at the timestamps first
        yield Acl("importer", "WRITE", "TOPIC", prefix + name)
        yield Acl("importer", "DESCRIBE_CONFIGS", "TOPIC", prefix + name)

    for topic in (*(prefix + name for name in (*IN_TOPICS, CONTROL)), changelogs[0]):
        yield Acl("exporter", "READ", "TOPIC", topic)  # `detector export` takes no part in a group

    yield Acl("state-operator", "READ", "TOPIC", changelogs[0])  # `detector snapshot` needs no more
    yield Acl("state-operator", "WRITE", "TOPIC", changelogs[0])
    for name in IN_TOPICS:  # none of them is read: whoever commits offsets of a topic needs the right to
        yield Acl("state-operator", "READ", "TOPIC", prefix + name)
    yield Acl("state-operator", "READ", "GROUP", app)
    yield Acl("state-operator", "WRITE", "TRANSACTIONAL_ID", f"{app}-reshard")
