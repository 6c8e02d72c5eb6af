"""The real Alertmanager with our configuration: of cause and consequence it tells the cause, by installation."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.checks import inhibitions
from detector.localkafka.cluster import free_ports

DEADLINE_SECONDS = 60.0


def of(installation: str, *names: str, **labels: str) -> list[dict[str, str]]:
    return [{"alertname": name, "installation": installation, **labels} for name in names]


class Alertmanager:
    """A running one."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(f"{self._base}{path}", headers={"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode(), 10) as answer:  # noqa: S310
            return json.loads(answer.read() or "null")

    def ready(self) -> bool:
        try:
            self.ask("/api/v2/status")
        except OSError:
            return False
        return True

    def told(self) -> set[tuple[str, str]]:
        """Installation and name of what is not inhibited."""
        alerts = self.ask("/api/v2/alerts?active=true&inhibited=false")
        return {(alert["labels"]["installation"], alert["labels"]["alertname"]) for alert in alerts}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    (port,) = free_ports(1)
    program = shutil.which("prometheus-alertmanager")
    assert program, "prometheus-alertmanager is missing: make deps-deploy"
    options = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", f"--storage.path={tmp_path}"]
    process = subprocess.Popen(
        [program, f"--config.file={inhibitions.CONFIGURATION}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        running = Alertmanager(port)
        end = time.monotonic() + DEADLINE_SECONDS
        while not running.ready():
            assert process.poll() is None
            assert time.monotonic() < end, "Alertmanager does not start"
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    ("firing", "told"),
    [
        pytest.param(
            [
                *of("a", "DetectorNotReady", "DetectorNoCheckpoint", "DetectorCheckpointStalled", "DetectorLagHigh"),
                *of("a", "DetectorWorkersMissing", "DetectorAlertsSlow", "DetectorRecordsLost", "DetectorWatchdog"),
                *of("b", "DetectorNoCheckpoint", "DetectorRebalancing"),
            ],
            {
                *(("a", name) for name in ("DetectorNotReady", "DetectorRecordsLost", "DetectorWatchdog")),
                *(("b", name) for name in ("DetectorNoCheckpoint", "DetectorRebalancing")),
            },
            id="Kafka is down for one of two",
        ),
        pytest.param(
            of("a", "DetectorAbsent", "DetectorNotReady", "DetectorClockBehind", "DetectorStateQuarantined"),
            {("a", "DetectorAbsent"), ("a", "DetectorStateQuarantined")},
            id="no worker answers",
        ),
        pytest.param(
            [
                *of("a", "DetectorDeadLetterLimit", "DetectorDeadLetters", "DetectorNotReady"),
                *of("b", "DetectorDeadLetterLimit", "DetectorDeadLetters", "DetectorWorkersMissing"),
            ],
            {("a", "DetectorDeadLetterLimit"), ("a", "DetectorNotReady"), ("b", "DetectorDeadLetterLimit")},
            id="a worker stopped reading; at one of two the others are down besides",
        ),
        pytest.param(
            [
                *of("a", "DetectorRecoveryStalled", "DetectorRecoverySlow", instance="detector-0"),
                *of("b", "DetectorRecoveryStalled", instance="detector-0"),
                *of("b", "DetectorRecoverySlow", instance="detector-1"),
            ],
            {("a", "DetectorRecoveryStalled"), ("b", "DetectorRecoveryStalled"), ("b", "DetectorRecoverySlow")},
            id="a recovery that stands still, beside one that is slow",
        ),
    ],
)
def test_the_cause_is_told_and_what_follows_from_it_is_not(
    firing: Sequence[dict[str, str]], told: set[tuple[str, str]], alertmanager: Alertmanager
) -> None:
    alertmanager.ask("/api/v2/alerts", [{"labels": labels} for labels in firing])
    end = time.monotonic() + DEADLINE_SECONDS
    while (found := alertmanager.told()) != told and time.monotonic() < end:
        time.sleep(0.1)
    assert found == told
