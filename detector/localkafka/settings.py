"""The settings of a local node: small, quick to start and to recover, and patient with times of long ago."""

from collections.abc import Sequence
from typing import Final

FOREVER: Final = 2**63 - 1
"""Kafka's largest number of milliseconds."""

_SMALL: Final[dict[str, object]] = {
    "num.network.threads": 2,
    "num.io.threads": 2,
    "background.threads": 2,
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 2 << 20,
    "log.index.size.max.bytes": 1 << 20,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
}
_QUICK: Final[dict[str, object]] = {
    "broker.session.timeout.ms": 1500,  # with 9 s a killed node is not back for 12 s
    "broker.heartbeat.interval.ms": 300,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "controller.quorum.election.timeout.ms": 500,
    "controller.quorum.fetch.timeout.ms": 1000,
    "controller.quorum.election.backoff.max.ms": 300,
}
_PATIENT: Final[dict[str, object]] = {
    "auto.create.topics.enable": "false",  # a misspelt topic must be seen
    "log.retention.ms": -1,  # months of history in an hour: a topic that wants records deleted says so itself
    "log.message.timestamp.before.max.ms": FOREVER,
    "log.message.timestamp.after.max.ms": FOREVER,
}


def node_settings(number: int, port: int, controller_port: int, controller_ports: Sequence[int]) -> dict[str, object]:
    """server.properties of node `number` (from 1), broker and controller in one, but for its data folder.

    Internal topics have a copy on each node, at most three; three nodes need two copies to acknowledge.
    """
    copies = min(len(controller_ports), 3)
    enough = 2 if copies == 3 else 1
    voters = ",".join(f"{one}@127.0.0.1:{at}" for one, at in enumerate(controller_ports, start=1))
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        **_SMALL,
        **_QUICK,
        **_PATIENT,
        "default.replication.factor": copies,
        "min.insync.replicas": enough,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": enough,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": enough,
    }
