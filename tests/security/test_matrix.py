"""Every role against everything there is: the broker does what the registry's list says, and refuses the rest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient, errors
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
from kafka.protocol.admin import (
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
)
from kafka.protocol.consumer import FetchRequest, HeartbeatRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record.memory_records import MemoryRecordsBuilder

from detector.brokers import connection
from harness.process import run as command
from harness.secure_kafka import SecureKafka
from schemas.access import PRINCIPALS, Acl, Principal, acls
from schemas.topics import topics
from tests.security.settings import settings_of

PREFIX, APP = "matrix-", "matrix-app"
NAMES = [topic.name for topic in topics(prefix=PREFIX, app_id=APP)]
GROUPS = [APP, f"{APP}-fleet", f"{APP}-alert-reader-crm", f"{APP}-dead-letters-ann", "another-app"]
IDS = [f"{APP}-accounts-0", f"{APP}-fleet-0", f"{APP}-reshard", "another-app-accounts-0"]
TOPIC_CONFIG = 2

Asked = dict[str, int]
"""What was asked for, and the error code of the answer; 0 for none."""


@pytest.fixture(scope="module")
def applied(secure: SecureKafka) -> SecureKafka:
    names = ("--topic-prefix", PREFIX, "--app-id", APP)
    command("topics", "acls", *names, "--brokers", secure.back_door, "--apply")
    command("topics", "apply", *names, "--brokers", secure.back_door, "--partitions", "1")
    return secure


@contextmanager
def as_role(secure: SecureKafka, role: Principal) -> Iterator[Any]:
    admin = KafkaAdminClient(**connection(settings_of(secure.login(role))), bootstrap_timeout_ms=30_000)
    try:
        yield admin
    finally:
        admin.close()


def ask(admin: Any, request: Any) -> Any:
    return admin._manager.run(admin._manager.send, request)


def read(admin: Any) -> Asked:
    topic = FetchRequest.FetchTopic
    wanted = [
        topic(topic=name, partitions=[topic.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1)])
        for name in NAMES
    ]
    request = FetchRequest(
        max_wait_ms=0, min_bytes=0, max_bytes=1, session_id=0, session_epoch=-1, topics=wanted, max_version=11
    )
    return {one.topic: one.partitions[0].error_code for one in ask(admin, request).responses}


def write(admin: Any) -> Asked:
    """One record to each topic; nobody reads them."""
    batch = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1_000)
    batch.append(timestamp=None, key=b"nobody", value=b"{}")
    batch.close()
    topic = ProduceRequest.TopicProduceData
    data = [
        topic(name=name, partition_data=[topic.PartitionProduceData(index=0, records=batch.buffer())]) for name in NAMES
    ]
    found = {}
    for one in data:
        request = ProduceRequest(transactional_id=None, acks=-1, timeout_ms=5_000, topic_data=[one], max_version=8)
        found[one.name] = ask(admin, request).responses[0].partition_responses[0].error_code
    return found


def describe_configs(admin: Any) -> Asked:
    resource = DescribeConfigsRequest.DescribeConfigsResource
    wanted = [resource(resource_type=TOPIC_CONFIG, resource_name=name, configuration_keys=None) for name in NAMES]
    answer = ask(admin, DescribeConfigsRequest(resources=wanted, max_version=1))
    return {one.resource_name: one.error_code for one in answer.results}


def alter_configs(admin: Any) -> Asked:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    change = resource.AlterableConfig(name="retention.ms", config_operation=0, value="60000")
    wanted = [resource(resource_type=TOPIC_CONFIG, resource_name=name, configs=[change]) for name in NAMES]
    answer = ask(admin, IncrementalAlterConfigsRequest(resources=wanted, validate_only=True))
    return {one.resource_name: one.error_code for one in answer.responses}


def create(admin: Any) -> Asked:
    topic = CreateTopicsRequest.CreatableTopic
    wanted = [
        topic(name=name, num_partitions=1, replication_factor=1, assignments=[], configs=[])
        for name in (*NAMES, f"{PREFIX}of-my-own")
    ]
    answer = ask(admin, CreateTopicsRequest(topics=wanted, timeout_ms=5_000, validate_only=True, max_version=4))
    return {one.name: one.error_code for one in answer.topics}


def join(admin: Any) -> Asked:
    found = {}
    for group in GROUPS:
        request = HeartbeatRequest(group_id=group, generation_id=1, member_id="nobody", max_version=2)
        found[group] = ask(admin, request).error_code
    return found


def transact(admin: Any) -> Asked:
    found = {}
    for name in IDS:
        request = InitProducerIdRequest(transactional_id=name, transaction_timeout_ms=1_000, max_version=1)
        found[name] = ask(admin, request).error_code
    return found


def delete(admin: Any) -> Asked:
    answer = ask(admin, DeleteTopicsRequest(topic_names=NAMES, timeout_ms=5_000, max_version=3))
    return {one.name: one.error_code for one in answer.responses}


QUESTIONS: list[tuple[str, str, Callable[[Any], Asked], type[errors.KafkaError]]] = [
    ("READ", "TOPIC", read, errors.TopicAuthorizationFailedError),
    ("WRITE", "TOPIC", write, errors.TopicAuthorizationFailedError),
    ("DESCRIBE_CONFIGS", "TOPIC", describe_configs, errors.TopicAuthorizationFailedError),
    ("ALTER_CONFIGS", "TOPIC", alter_configs, errors.TopicAuthorizationFailedError),
    ("CREATE", "TOPIC", create, errors.TopicAuthorizationFailedError),
    ("DELETE", "TOPIC", delete, errors.TopicAuthorizationFailedError),
    ("READ", "GROUP", join, errors.GroupAuthorizationFailedError),
    ("WRITE", "TRANSACTIONAL_ID", transact, errors.TransactionalIdAuthorizationFailedError),
]


def permitted(rights: list[Acl], operation: str, resource: str, name: str) -> bool:
    return any(
        acl.operation == operation
        and acl.resource == resource
        and (name.startswith(acl.name) if acl.prefixed else name == acl.name)
        for acl in rights
    )


@pytest.mark.parametrize("role", PRINCIPALS)
def test_a_role_can_do_what_its_list_says_and_is_refused_everything_else(applied: SecureKafka, role: Principal) -> None:
    rights = [acl for acl in acls(APP, prefix=PREFIX) if acl.principal == role]
    refused = 0
    with as_role(applied, role) as admin:
        for operation, resource, question, refusal in QUESTIONS:
            for name, code in question(admin).items():
                may = permitted(rights, operation, resource, name)
                assert (code != refusal.errno) == may, f"{role}: {operation} {name}: {errors.for_code(code).__name__}"
                refused += not may
    assert refused > 40


@pytest.mark.parametrize("role", PRINCIPALS)
def test_nobody_sees_or_gives_rights(applied: SecureKafka, role: Principal) -> None:
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    own = ACL(
        f"User:{role}",
        "*",
        ACLOperation.ALL,
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType.TOPIC, f"{PREFIX}of-my-own"),
    )
    with as_role(applied, role) as admin:
        with pytest.raises(errors.ClusterAuthorizationFailedError):
            admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, everything))
        assert admin.create_acls([own]) == {"succeeded": [], "failed": [errors.ClusterAuthorizationFailedError]}
