"""Makes the topics on a broker what the registry says, or says where they differ."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient, errors
from kafka.admin import ConfigResource, ConfigResourceType

from detector.brokers import PATIENCE_SECONDS, Connection, explained
from detector.errors import AUTH, CONFIG, TEMPORARY, DetectorError
from schemas.topics import Topic

PAUSE_SECONDS: Final = 0.05
_NO_ID: Final = uuid.UUID(int=0)

MISSING: Final = "missing"
PARTITIONS: Final = "partitions"
REPLICAS: Final = "replicas"
TIMESTAMPS: Final = "message.timestamp.type"

_FIXED: Final[Mapping[str, str]] = {
    PARTITIONS: "partitions are fixed, accounts would lose their state: give --partitions {found} if all topics have"
    " so many, else use another {name}",
    REPLICAS: "Kafka's own tool adds copies (kafka-reassign-partitions), or give --replication-factor {found}",
    TIMESTAMPS: "live and imported records do not mix: use another --topic-prefix for imports, or delete the topic",
}
"""What is never changed on a topic that exists, and what to do instead."""


@dataclass(frozen=True)
class Difference:
    """One setting of one topic that is not as the registry has it; its text is one line for a person.

    `setting` is Kafka's name, or `missing`, `partitions`, `replicas`.
    """

    topic: str
    setting: str
    found: str
    wanted: str

    def __str__(self) -> str:
        if self.setting == MISSING:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.setting} is {self.found or 'not set'}, should be {self.wanted}"


def check(
    connection: Connection,
    wanted: Sequence[Topic],
    *,
    replicas: int = 1,
    patience_seconds: float = PATIENCE_SECONDS,
    only_there: Sequence[str] = (),
    waits: bool = False,
) -> tuple[Difference, ...]:
    """Where the broker's topics differ from `wanted`, topic by topic; empty when they do not.

    Further settings of a topic are its owner's. Of topics that must be `only_there` no settings are asked for. `waits`
    is that of `explained`. Raises DetectorError: 75 when no broker answers in time, 77 when it
    refuses.
    """
    with _admin(connection, patience_seconds, waits=waits) as admin:
        there = _partitions(admin, only_there) if only_there else {}
        missing = [Difference(name, MISSING, "", "") for name in only_there if name not in there]
        return (*_differences(admin, wanted, replicas), *missing)


def apply(connection: Connection, wanted: Sequence[Topic], *, replicas: int = 1) -> tuple[Difference, ...]:
    """Creates what is missing and corrects what differs; gives what was done, empty when all was well.

    Raises DetectorError (78), with nothing changed, when a topic that exists has another number of partitions, another
    timestamp type or fewer replicas, which cannot be changed; else as `check`.
    """
    with _admin(connection, PATIENCE_SECONDS) as admin:
        found = tuple(_differences(admin, wanted, replicas))
        roles = {topic.name: topic.role for topic in wanted}
        for difference in found:
            if difference.setting in _FIXED:
                name = "--app-id" if roles[difference.topic] == "changelog" else "--topic-prefix"
                advice = _FIXED[difference.setting].format(found=difference.found, name=name)
                raise DetectorError(f"{difference} — {advice}", CONFIG)
        missing = {difference.topic for difference in found if difference.setting == MISSING}
        _create(admin, [topic for topic in wanted if topic.name in missing], replicas)
        _alter(admin, [difference for difference in found if difference.setting != MISSING])
        _wait(lambda: not any(_differences(admin, wanted, replicas)))
    return found


@contextmanager
def _admin(connection: Connection, patience_seconds: float, *, waits: bool = False) -> Iterator[KafkaAdminClient]:
    with explained(connection, "kafka", waits=waits):
        admin = KafkaAdminClient(**connection, bootstrap_timeout_ms=int(patience_seconds * 1_000))
        try:
            yield admin
        finally:
            admin.close()


def _differences(admin: KafkaAdminClient, wanted: Sequence[Topic], replicas: int) -> Iterator[Difference]:
    there = _partitions(admin, [topic.name for topic in wanted])
    asked = [
        ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict.fromkeys(topic.settings()))
        for topic in wanted
        if topic.name in there
    ]
    settings = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    for topic in wanted:
        if topic.name in there:
            yield from _compare(topic, there[topic.name], settings[topic.name], replicas)
        else:
            yield Difference(topic.name, MISSING, "", "")


def identities(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """The ids of topics, which differ from those of topics that had the same names; empty where the broker has none.

    Raises DetectorError as `check` does with `waits`.
    """
    with _admin(connection, PATIENCE_SECONDS, waits=True) as admin:
        found = admin.describe_topics(list(names))
    known = {one["name"]: one.get("topic_id") for one in found if not one["error_code"]}
    return {name: str(topic_id) for name, topic_id in known.items() if topic_id and topic_id != _NO_ID}


def _partitions(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Of the topics that exist, what the broker says of each partition."""
    found = {}
    for one in admin.describe_topics(names):
        code = one["error_code"]
        if code == 0:
            found[one["name"]] = one["partitions"]
        elif code != errors.UnknownTopicOrPartitionError.errno:
            raise _refused(one["name"], code, "")
    return found


def _compare(
    topic: Topic, partitions: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], replicas: int
) -> Iterator[Difference]:
    if len(partitions) != topic.partitions:
        yield Difference(topic.name, PARTITIONS, str(len(partitions)), str(topic.partitions))
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    if copies < replicas:
        yield Difference(topic.name, REPLICAS, str(copies), str(replicas))
    if not settings:
        raise DetectorError(f"no right to see the settings of topic {topic.name} — ask for it", AUTH)
    for name, value in topic.settings(replicas=replicas).items():
        found = settings[name]["value"] if name in settings else ""
        if found != value:
            yield Difference(topic.name, name, found, value)


def _create(admin: KafkaAdminClient, missing: Sequence[Topic], replicas: int) -> None:
    if not missing:
        return
    new = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replicas,
            "configs": topic.settings(replicas=replicas),
        }
        for topic in missing
    }
    answer = admin.create_topics(new, raise_errors=False)
    for one in answer["topics"]:
        if one["error_code"] not in (0, errors.TopicAlreadyExistsError.errno):  # another process may be faster
            raise _refused(one["name"], one["error_code"], one["error_message"])
    admin.wait_for_topics(list(new))


def _alter(admin: KafkaAdminClient, changes: Sequence[Difference]) -> None:
    by_topic: dict[str, dict[str, str]] = {}
    for change in changes:
        by_topic.setdefault(change.topic, {})[change.setting] = change.wanted
    if not by_topic:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs=new) for name, new in by_topic.items()]
    for name, result in admin.alter_configs(resources)["topic"].items():
        if result != "OK":
            raise DetectorError(
                f"topic {name}: {result} — ask for the rights, or change it with Kafka's own tools",
                AUTH if "Authorization" in result else CONFIG,
            )


def _wait(settled: Callable[[], bool]) -> None:
    """The brokers learn of a change a little after the controller has agreed to it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not settled():
        if time.monotonic() > end:
            raise DetectorError("the brokers are slow to follow the changes — run `detector topics check`", TEMPORARY)
        time.sleep(PAUSE_SECONDS)


def _refused(topic: str, code: int, message: str | None) -> DetectorError:
    kind: type[errors.KafkaError] = errors.for_code(code)
    if issubclass(kind, errors.AuthorizationError):
        return DetectorError(f"no right to see, create or change topic {topic} — ask for it", AUTH)
    return DetectorError(f"topic {topic}: {kind.__name__}: {message} — correct the settings and try again", CONFIG)
