"""The smoke test of an installed detector: `python smoke.py BROKER FOLDER...`, none of the folders writable.

Runs where only the wheel, its dependencies and `harness` are. Raises AssertionError, and so ends with 1, where
something is not as it must be.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from harness.load import Load
from harness.process import HANGING_SECONDS, run
from harness.spine import Spine

UNTIL: Final = "2026-02-04T00:00:00Z"
STARTS: Final = 5
LOAD: Final = Load(count=20_000, accounts=400, start_ms=1_767_571_200_000, days=30)


def main(broker: str, *folders: str) -> None:
    """Check that nothing can be written, run everything once, and say what was done."""
    for folder in folders:
        _unwritable(Path(folder))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        spine = Spine(broker, f"smoke-{time.time_ns()}-", scratch)
        spine.apply_topics()
        spine.emit(LOAD.write(scratch / "load.ndjson"), until=UNTIL)
        replayed: list[bytes] = []
        for start in range(STARTS):  # as a supervisor does: a slow broker may end a worker (75)
            with spine.worker() as worker:
                try:
                    spine.wait_until_applied(worker, LOAD.count + 3 * spine.partitions)
                except AssertionError:
                    _expect(not worker.runs() and start < STARTS - 1, worker.said())
                    continue
                run("replay", str(spine.export(scratch / "export.ndjson")), "--alerts", str(scratch / "alerts"))
                replayed = sorted((scratch / "alerts").read_bytes().splitlines())
                end = time.monotonic() + HANGING_SECONDS  # what the last record made due may still be on its way
                while sorted(published := spine.alerts()) != replayed and time.monotonic() < end:
                    time.sleep(1)
                code = worker.stop()
                break
        _expect(code == 0, f"the worker ended with {code}")
        _expect(
            sorted(published) == replayed, f"the worker published {len(published)} alerts, the replay {len(replayed)}"
        )
        _expect(len(published) > 0, "no alert was published")
    print(f"uid {os.geteuid()}: {LOAD.count:,} events, {len(published):,} alerts, the replay equal, stopped with 0")


def _unwritable(folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        _expect(place.is_symlink() or not os.access(place, os.W_OK), f"{place} is writable")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


if __name__ == "__main__":
    main(*sys.argv[1:])
