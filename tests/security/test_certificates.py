"""A worker that shows a certificate instead of logging in, on live topics, its key encrypted."""

import json
import time
from pathlib import Path

from harness.process import run as command
from harness.secure_kafka import SecureKafka
from tests.ops.worker_command import WorkerCommand

PREFIX, APP = "mutual-", "mutual-app"
PASSWORD = "canary-key-9b1f"  # noqa: S105 - nobody's


def test_certificates_are_enough_for_emitter_and_worker(secure: SecureKafka, tmp_path: Path) -> None:
    names = ("--topic-prefix", PREFIX)
    app = (*names, "--app-id", APP)
    command("topics", "acls", *app, "--brokers", secure.back_door, "--apply")
    provisioner = secure.certified(secure.authority.issue("provisioner"))
    command("topics", "apply", *app, *provisioner, "--partitions", "1")
    usage = {"event_type": "usage.recorded", "account_id": "acme", "event_id": "e1"}
    (tmp_path / "event.ndjson").write_text(json.dumps({**usage, "occurred_at": time.time_ns() // 1_000_000}) + "\n")
    emitter = secure.certified(secure.authority.issue("usage-emitter"))
    command("emit", "--live", *names, *emitter, str(tmp_path / "event.ndjson"))
    (tmp_path / "key-password").write_text(PASSWORD)
    worker = secure.certified(secure.authority.issue("worker", password=PASSWORD))
    key = ("--tls-key-password-file", str(tmp_path / "key-password"))
    with WorkerCommand(*app, *worker, *key, "--log-level", "debug", folder=tmp_path) as process:
        process.wait_for("/readyz", r'^200 \{"ok": true')
        process.wait_for("/metrics", rf'detector_events_applied_total{{topic="{PREFIX}usage.events.v1"}} 1.0')
        assert process.stop() == 0
        assert PASSWORD not in process.log.read_text()
