"""Gives principals on a broker the rights of a list that they lack; never takes one away."""

from collections.abc import Mapping, Sequence
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from detector.access import principal
from detector.brokers import PATIENCE_SECONDS, Connection, explained
from detector.errors import AUTH, DetectorError
from schemas.access import Acl, Principal

_ANY_RESOURCE: Final = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)


def grant(connection: Connection, acls: Sequence[Acl], *, users: Mapping[Principal, str]) -> tuple[Acl, ...]:
    """Add the rights that are not there yet, and give those; the caller needs ALTER on the cluster.

    `users` are those of `access.written`. Raises DetectorError: 75 when no broker answers, 77 when it refuses.
    """
    with explained(connection, "kafka"):
        admin = KafkaAdminClient(**connection, bootstrap_timeout_ms=int(PATIENCE_SECONDS * 1_000))
        try:
            names = dict.fromkeys(principal(acl, users) for acl in acls)
            there = {acl for name in names for acl in admin.describe_acls(_all_of(name))[0]}
            missing = {acl: wanted for acl in acls if (wanted := as_kafka(acl, users)) not in there}
            if missing:
                failed = admin.create_acls(list(missing.values()))["failed"]
                if failed:
                    raise DetectorError(
                        f"the broker does not take the rights: {failed[0].__name__} — see its log", AUTH
                    )
        finally:
            admin.close()
    return tuple(missing)


def as_kafka(acl: Acl, users: Mapping[Principal, str]) -> ACL:
    """The same right in the client's words."""
    pattern = ACLResourcePatternType.PREFIXED if acl.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        principal=principal(acl, users),
        host="*",
        operation=ACLOperation[acl.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[acl.resource], acl.name, pattern),
    )


def _all_of(name: str) -> ACLFilter:
    return ACLFilter(name, None, ACLOperation.ANY, ACLPermissionType.ALLOW, _ANY_RESOURCE)
