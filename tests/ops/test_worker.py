"""The worker as operators meet it: what stops its start, what its probes say, what it counts, how it ends."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
from kafka import KafkaProducer

from detector.localkafka import Cluster
from detector.topics import apply
from harness.certificates import Authority
from schemas.topics import topics
from tests.ops.worker_command import COMMAND, WorkerCommand, environment, refused

CANARY = "canary-5d41402a"
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def made(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A broker with live topics of this module: its address and their prefix, which is the app id too."""
    prefix = tmp_path_factory.mktemp("ops").name + f"-{time.time_ns()}-"
    apply({"bootstrap_servers": kafka}, topics(partitions=2, prefix=prefix, app_id=prefix + "app"))
    return kafka, prefix


def to(made: tuple[str, str]) -> tuple[str, ...]:
    return ("--brokers", made[0], "--topic-prefix", made[1], "--app-id", made[1] + "app")


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--http-port", "x"], {}, "detector: --http-port='x': input should be a valid integer"),
        ([], {"DETECTOR_BROKER": "x"}, "detector: unknown variable DETECTOR_BROKER — did you mean DETECTOR_BROKERS?"),
        ([], {"DETECTOR_CONFIG": "no.yaml"}, "detector: DETECTOR_CONFIG names no.yaml, which cannot be read"),
        (["--pack", "no/such"], {}, "detector: --pack='no/such': 'no/such' is not a folder"),
        (["--sasl-username", "u"], {"DETECTOR_SASL_PASSWORD": CANARY}, "without TLS the login could be read"),
        (["--http-host", "0.0.0.0"], {}, "set http_token_file or allow_public_metrics=true"),  # noqa: S104
        (["--tls", "--tls-ca-file", __file__], {}, "detector: the TLS files cannot be used: "),
    ],
)
def test_wrong_settings_stop_the_start_with_78_and_one_line(
    arguments: list[str], variables: dict[str, str], said: str
) -> None:
    code, line = refused("worker", "--brokers", NOWHERE, *arguments, **variables)
    assert said in line
    assert CANARY not in line
    assert code == 78


def test_a_pack_that_does_not_compile_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "value_decay.yaml").write_text("rules: [\n")
    code, line = refused("worker", "--brokers", NOWHERE, "--pack", str(tmp_path))
    assert line.startswith("detector: ")
    assert "value_decay.yaml" in line
    assert code == 78


def test_a_port_in_use_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = refused("worker", "--brokers", NOWHERE, "--http-port", str(port))
    assert line == f"detector: 127.0.0.1:{port} is in use by another process — set another http_port or http_host"
    assert code == 78


def test_a_secret_is_no_flag() -> None:
    code, line = refused("worker", f"--sasl-password={CANARY}")
    assert line == "detector: detector worker has no option --sasl-password — did you mean --sasl-password-file?"
    assert code == 2


def test_without_a_broker_it_waits_alive_and_not_ready_and_stops_when_asked(tmp_path: Path) -> None:
    with WorkerCommand("--brokers", NOWHERE, folder=tmp_path) as worker:
        worker.hear("Kafka at 127.0.0.1:1 does not answer")
        assert worker.ask("/readyz") == (503, '{"ok": false, "reason": "waiting_for_broker"}')
        assert worker.ask("/livez")[0] == 200
        assert worker.stop() == 0


@pytest.mark.broker
def test_started_before_its_broker_it_waits_and_becomes_ready_when_that_comes(tmp_path: Path, prefix: str) -> None:
    with Cluster() as cluster:
        apply({"bootstrap_servers": cluster.bootstrap}, topics(partitions=1, prefix=prefix, app_id=f"{prefix}app"))
        cluster.stop()
        with WorkerCommand(*to((cluster.bootstrap, prefix)), folder=tmp_path) as worker:
            worker.hear(f"Kafka at {cluster.bootstrap} does not answer")
            assert worker.ask("/readyz") == (503, '{"ok": false, "reason": "waiting_for_broker"}')
            assert worker.ask("/livez")[0] == 200
            cluster.start()
            worker.wait_for("/readyz", "^200 ")
            assert worker.stop() == 0


def test_nobody_to_read_the_log_changes_nothing(tmp_path: Path) -> None:
    """Its disk may be full, or the pipe closed."""
    with Path("/dev/full").open("wb") as full:
        started = [*COMMAND, "worker", "--brokers", NOWHERE, "--http-port", "x"]
        assert subprocess.run(started, stderr=full, check=False, env=environment()).returncode == 78


def test_it_says_when_its_trust_in_the_brokers_ends(tmp_path: Path) -> None:
    """Also while it waits for them."""
    trusted = str(Authority(tmp_path).certificate)
    with WorkerCommand("--brokers", NOWHERE, "--tls", "--tls-ca-file", trusted, folder=tmp_path) as worker:
        shown = worker.wait_for("/metrics", r"\ndetector_tls_ca_expiry_timestamp_seconds [1-9]")
    (ends,) = re.findall(r"^detector_tls_ca_expiry_timestamp_seconds (\S+)$", shown, re.MULTILINE)
    assert time.time() < float(ends) < time.time() + 90_000


def test_missing_topics_stop_the_start(kafka: str, prefix: str) -> None:
    code, line = refused("worker", *to((kafka, prefix)), "--http-port", "0")
    assert line.startswith("detector: topics are missing or may not be read: ")
    assert line.endswith("— run `detector topics apply`")
    assert code == 78


def test_the_wrong_source_of_record_time_stops_the_start(made: tuple[str, str]) -> None:
    code, line = refused("worker", *to(made), "--http-port", "0", "--record-time", "create")
    assert "has LogAppendTime, record_time=create needs CreateTime — set record_time=log_append" in line
    assert code == 78


def test_it_gets_ready_counts_what_happens_and_stops_in_order(made: tuple[str, str], tmp_path: Path) -> None:
    brokers, prefix = made
    now = time.time_ns() // 1_000_000
    event = {
        "event_id": "e1",
        "event_type": "ticket.created",
        "account_id": "acme",
        "occurred_at": now,
        "ticket_id": "t1",
        "priority": "normal",
        "category": "question",
    }
    arguments = (*to(made), "--log-level", "debug")
    with WorkerCommand(*arguments, folder=tmp_path, DETECTOR_HTTP_TOKEN=CANARY) as worker:
        worker.wait_for("/readyz", r'^200 \{"ok": true')
        assert worker.ask("/metrics")[0] == 401
        producer = KafkaProducer(bootstrap_servers=brokers)
        producer.send(f"{prefix}support.events.v1", key=b"acme", value=json.dumps(event).encode())
        producer.send(f"{prefix}support.events.v1", key=b"acme", value=b"{")
        producer.flush()
        producer.close()
        letters = rf'detector_dlq_total{{reason="bad_json",topic="{prefix}support.events.v1"}} 1.0'
        shown = worker.wait_for("/metrics", re.escape(letters), Authorization=f"Bearer {CANARY}")
        assert f'detector_events_consumed_total{{topic="{prefix}support.events.v1"}} 2.0' in shown
        assert f'detector_events_applied_total{{topic="{prefix}support.events.v1"}} 1.0' in shown
        assert "detector_ready 1.0" in shown
        assert "detector_assigned_partitions 2.0" in shown
        assert 'detector_last_checkpoint_timestamp_seconds{partition="0"}' in shown
        assert "acme" not in shown
        assert worker.ask("/livez")[0] == 200
        assert worker.stop() == 0
        assert not [line for line in worker.lines if "exception" in line]
        for place in (shown, worker.log.read_text(), " ".join(map(str, worker.process.args))):  # type: ignore[arg-type]
            assert CANARY not in place
