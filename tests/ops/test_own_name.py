"""A worker with a name of its own in its group comes back into its old place."""

import time
from pathlib import Path

from detector.topics import apply
from schemas.topics import topics
from tests.ops.worker_command import WorkerCommand


def test_a_killed_worker_is_back_in_its_place_while_its_session_lasts(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Without the name the group would wait for the end of a session of 90 s, and count a generation more."""
    app = f"{prefix}{time.time_ns()}"
    apply({"bootstrap_servers": kafka}, topics(partitions=2, prefix=prefix, app_id=app))
    arguments = ("--brokers", kafka, "--topic-prefix", prefix, "--app-id", app, "--session-timeout-seconds", "90")
    said = []
    for _ in range(2):
        with WorkerCommand(*arguments, "--group-instance-id", "detector-0", folder=tmp_path) as worker:
            worker.hear("reading partitions [0, 1]")
            said.append(worker.hear("assigned partitions")["event"])
    assert said == ["assigned partitions [0, 1] in generation 1"] * 2
