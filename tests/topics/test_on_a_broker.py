"""`apply` and `check` on real Kafka."""

import logging
import socket
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import ClusterAuthorizationFailedError, SecurityDisabledError, UnknownTopicOrPartitionError

from detector import brokers
from detector.errors import AUTH, CONFIG, TEMPORARY, DetectorError
from detector.topics import Difference, apply, check, identities
from schemas.topics import IN_TOPICS, USAGE, Topic, topics


def wanted(prefix: str, *, imports: bool = False, partitions: int = 2) -> tuple[Topic, ...]:
    return topics(prefix=prefix, partitions=partitions, imports=imports, app_id=f"{prefix}app")


def test_a_second_apply_changes_nothing(kafka: str, prefix: str) -> None:
    connection, all_topics = {"bootstrap_servers": kafka}, wanted(prefix)
    made = apply(connection, all_topics)
    assert [one.topic for one in made] == [topic.name for topic in all_topics]
    assert str(made[0]) == f"{prefix}{USAGE}: missing"
    assert check(connection, all_topics) == ()
    assert apply(connection, all_topics) == ()


def test_import_topics_are_applied_and_checked_alike(kafka: str, prefix: str) -> None:
    connection, all_topics = {"bootstrap_servers": kafka}, wanted(prefix, imports=True)
    apply(connection, all_topics)
    assert check(connection, all_topics) == ()


def test_what_someone_changed_is_said_in_a_line_and_put_right(kafka: str, prefix: str) -> None:
    connection, all_topics = {"bootstrap_servers": kafka}, wanted(prefix)
    apply(connection, all_topics)
    name = prefix + USAGE
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "1000"})])
    admin.close()
    while not (found := check(connection, all_topics)):
        """The brokers learn of it a little later."""

    difference = Difference(name, "retention.ms", "1000", "6480000000")
    assert found == (difference,)
    assert str(difference) == f"{name}: retention.ms is 1000, should be 6480000000"
    assert apply(connection, all_topics) == (difference,)
    assert check(connection, all_topics) == ()


def test_another_number_of_partitions_is_refused_before_anything_is_changed(kafka: str, prefix: str) -> None:
    connection = {"bootstrap_servers": kafka}
    apply(connection, wanted(prefix)[:1])
    with pytest.raises(DetectorError, match=r"partitions is 2, should be 3 — .*--partitions 2") as refused:
        apply(connection, wanted(prefix, partitions=3))
    assert refused.value.exit_code == CONFIG
    found = check(connection, wanted(prefix, partitions=3))
    assert {one.setting for one in found} == {"partitions", "missing"}, "the others were not created"


def test_a_changelog_is_told_to_take_its_name_from_the_app_and_an_in_topic_from_the_prefix(
    kafka: str, prefix: str
) -> None:
    connection = {"bootstrap_servers": kafka}
    for some, name in ((wanted(prefix)[:1], "--topic-prefix"), (wanted(prefix)[-2:-1], "--app-id")):
        apply(connection, some)
        more = [replace(topic, partitions=3) for topic in some]
        with pytest.raises(DetectorError, match=rf"--partitions 2 if .* else use another {name}$"):
            apply(connection, more)


def test_live_topics_are_not_turned_into_import_topics(kafka: str, prefix: str) -> None:
    connection = {"bootstrap_servers": kafka}
    apply(connection, wanted(prefix))
    with pytest.raises(
        DetectorError, match=r"message.timestamp.type is LogAppendTime, should be CreateTime — .*prefix"
    ):
        apply(connection, wanted(prefix, imports=True))
    assert check(connection, wanted(prefix)) == ()


def test_more_copies_than_there_are_brokers_is_said_in_a_line(kafka: str, prefix: str) -> None:
    with pytest.raises(DetectorError, match="replication factor") as refused:
        apply({"bootstrap_servers": kafka}, wanted(prefix), replicas=9)
    assert refused.value.exit_code == CONFIG


def test_fewer_copies_than_asked_for_are_refused(kafka: str, prefix: str) -> None:
    connection = {"bootstrap_servers": kafka}
    apply(connection, wanted(prefix)[:1])
    with pytest.raises(DetectorError, match="replicas is 1, should be 2"):
        apply(connection, wanted(prefix)[:1], replicas=2)


def test_a_setting_that_kafka_refuses_is_said_in_a_line(kafka: str, prefix: str) -> None:
    connection, topic = {"bootstrap_servers": kafka}, wanted(prefix)[0]
    with pytest.raises(DetectorError, match=r"max\.message\.bytes") as refused:
        apply(connection, [replace(topic, max_message_bytes=-5)])
    assert refused.value.exit_code == CONFIG
    apply(connection, [topic])
    with pytest.raises(DetectorError, match=r"max\.message\.bytes") as refused:
        apply(connection, [replace(topic, max_message_bytes=-5)])
    assert refused.value.exit_code == CONFIG


def test_the_order_of_the_registry_is_the_order_of_the_contract() -> None:
    assert tuple(topic.name for topic in topics() if topic.role == "in") == IN_TOPICS


def test_a_broker_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DetectorError, match=f"no broker answers at {address} — start it") as given_up:
            check({"bootstrap_servers": [address]}, topics(), patience_seconds=0.3)
    assert given_up.value.exit_code == TEMPORARY
    assert brokers.PATIENCE_SECONDS == 10, "of a command"


@pytest.mark.parametrize(
    ("logged", "code", "told"),
    [
        ("[Error 58] SaslAuthenticationFailedError: Invalid username", AUTH, "refuses the login"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", AUTH, "is not trusted"),
        ("CERTIFICATE_VERIFY_FAILED: certificate has expired", AUTH, "renew it"),
        ("Handshake failed: [SSL: UNEXPECTED_EOF_WHILE_READING]", CONFIG, "talks no TLS"),
        ("something else", TEMPORARY, "no broker answers"),
    ],
)
def test_the_reason_that_only_the_clients_log_knows_is_told(logged: str, code: int, told: str) -> None:
    def fail() -> None:
        with brokers.explained({"bootstrap_servers": "kafka:9092"}, "kafka"):
            logging.getLogger("kafka.net").error(logged)
            raise TimeoutError

    with pytest.raises(DetectorError, match=told) as explained:
        fail()
    assert explained.value.exit_code == code


def test_a_broker_that_hangs_up_at_the_login_is_told_from_one_that_is_not_there() -> None:
    connection = {"bootstrap_servers": "kafka:9092", "sasl_mechanism": "PLAIN"}

    def fail(*logged: str) -> None:
        with brokers.explained(connection, "kafka"):
            for line in logged:
                logging.getLogger("kafka.net").error(line)
            raise TimeoutError

    with pytest.raises(DetectorError, match="hangs up at the login") as explained:
        fail("KafkaConnectionError: socket disconnected")
    assert explained.value.exit_code == AUTH
    with pytest.raises(DetectorError, match="no broker answers") as explained:
        fail("socket disconnected", "KafkaConnectionError: 111 ECONNREFUSED")
    assert explained.value.exit_code == TEMPORARY


@pytest.mark.parametrize("connection", [{}, {"sasl_mechanism": "PLAIN"}])
def test_tls_where_there_is_none_is_told_from_a_broker_that_is_not_there(connection: dict[str, object]) -> None:
    """aiokafka says only that it was unable to connect, with an error that has no words."""

    def fail(reason: Exception, error: Exception, said: str = 'Unable connect to "%s:%s": %s') -> None:
        with brokers.explained({"bootstrap_servers": "kafka:9092"} | connection, "aiokafka"):
            logging.getLogger("aiokafka").error(said, "kafka", 9092, reason)
            raise error

    with pytest.raises(DetectorError, match="it may be starting, or want other settings: tls") as explained:
        fail(ConnectionResetError(), TimeoutError())
    assert explained.value.exit_code == TEMPORARY
    with pytest.raises(DetectorError, match="no broker answers"):
        fail(ConnectionRefusedError(111, "Connect call failed"), TimeoutError())
    with pytest.raises(DetectorError, match="answers with UnknownTopicOrPartitionError"):
        fail(ConnectionResetError(), UnknownTopicOrPartitionError())  # somebody has answered
    with pytest.raises(DetectorError, match="no broker answers"):
        fail(ConnectionResetError(), TimeoutError(), "Closing connection at %s:%s (%s)")  # after it had been there


def test_of_a_refusal_the_request_is_not_told() -> None:
    """Some brokers print it whole."""
    with (
        pytest.raises(DetectorError, match=r"does not permit this: \[Error 31\] ClusterAuthorizationFailedError — ask"),
        brokers.explained({"bootstrap_servers": "kafka:9092"}, "kafka"),
    ):
        raise ClusterAuthorizationFailedError(
            "Request Request(processor=3, session=Session@4011eae4) is not authorized"
        )


def test_a_broker_without_rights_is_told_as_such() -> None:
    with (
        pytest.raises(DetectorError, match=r"keeps no list of rights — set authorizer\.class\.name") as told,
        brokers.explained({"bootstrap_servers": "kafka:9092"}, "kafka"),
    ):
        raise SecurityDisabledError("No Authorizer is configured on the broker")
    assert told.value.exit_code == CONFIG


def test_a_connection_that_is_lost_is_told_as_such() -> None:
    with (
        pytest.raises(DetectorError, match=r"^the connection to kafka:9092 was lost \(reset by peer\) — try") as lost,
        brokers.explained({"bootstrap_servers": "kafka:9092"}, "aiokafka"),
    ):
        raise ConnectionResetError(104, "reset by peer")
    assert lost.value.exit_code == TEMPORARY


def test_a_mistake_of_ours_is_not_explained_away() -> None:
    with pytest.raises(KeyError), brokers.explained({"bootstrap_servers": "kafka:9092"}, "kafka"):
        raise KeyError


def test_a_topic_that_is_made_anew_has_another_id(kafka: str, prefix: str) -> None:
    connection, (topic, *_) = {"bootstrap_servers": kafka}, wanted(prefix)
    apply(connection, [topic])
    first = identities(connection, [topic.name, "nowhere"])
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.delete_topics([topic.name])
    admin.close()
    while check(connection, [topic]) == ():
        pass
    apply(connection, [topic])
    second = identities(connection, [topic.name])
    assert first.keys() == second.keys() == {topic.name}
    assert first != second
