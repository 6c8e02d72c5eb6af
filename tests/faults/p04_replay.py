"""P4: a replay gives the same bytes whenever, by whomever and under whatever clock it is made."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.faults.promise import Promise
from tests.faults.stage import Stage

SHIFT_SECONDS: Final = 400 * 86_400
OUTPUTS: Final = ("alerts", "health", "health-log", "notices", "dead-letters")


def play(stage: Stage) -> None:
    """A worker whose clock is 400 days ahead does what the replay says; two replays of its export are equal."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        with work.crew(1, clock_shift=SHIFT_SECONDS) as crew:
            work.settle(crew)
        stage.judge(work)
        export = work.export()
        now, later = (_replay(export, stage.folder / name, at) for name, at in (("now", 0), ("later", SHIFT_SECONDS)))
        for output in OUTPUTS:
            assert now[output] == later[output], f"two replays differ in their {output}"
        assert now["alerts"].splitlines() == work.alerts(), "the replay's alerts are not the worker's"
        stage.figure("bytes compared", sum(map(len, now.values())))


def _replay(export: Path, folder: Path, shift_seconds: int) -> dict[str, bytes]:
    """Replay in a process of its own; output -> its bytes."""
    folder.mkdir()
    words = [word for output in OUTPUTS for word in (f"--{output}", str(folder / output))]
    command = [sys.executable, "-m", "tests.faults.shifted", str(shift_seconds), "replay", *words, str(export)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return {output: (folder / output).read_bytes() for output in OUTPUTS}


PROMISE = Promise("P4", "a replay is the same to the byte, under any clock", play, smoke=True)
