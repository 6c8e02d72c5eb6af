"""P21: the broker's disk fills up: it ends, and after there is room again nothing is lost or doubled."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.brokers import Brokers
from tests.faults.crew import Crew
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import Work

SIZE_MIB = 192
ROOM_MIB = 1


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a disk of its own. Raises AssertionError where this user may not mount one."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"P21 mounts a small disk, which needs root: {done.stderr.strip()}"
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all but a little of a disk; gives the file that holds it."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - (ROOM_MIB << 20)) > 0:
            with contextlib.suppress(OSError):  # Kafka took some of it meanwhile
                os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END) + free)
    return ballast


def play(stage: Stage) -> None:
    """Full in the midst of the work, for a while; then there is room, and the broker is started again."""
    events, accounts = stage.sized(short=(6_000, 150), full=(100_000, 2_500))
    surface = Surface()
    with small_disk(stage.folder / "disk") as disk, Brokers(1, disk) as brokers:
        work = stage.work(brokers, stage.feed(events, accounts))
        work.send()
        with work.crew(1, slow_ms=2, http_port=surface.port) as crew, surface.watching():
            for _ in stage.rounds(short=1, full=3):
                _fill_for_a_while(stage, disk, brokers, work, crew)
            work.settle(crew)
            stage.figure("exits with 75", crew.exits[75])
        stage.judge(work)
    dead = [said for said in surface.seen if said.startswith("/livez 503")]
    assert not dead, f"a restart was asked for: {dead}"


def _fill_for_a_while(stage: Stage, disk: Path, brokers: Brokers, work: Work, crew: Crew) -> None:
    step = 1 / work.feed.count
    done = work.committed() * step
    crew.wait(lambda: work.applied(done + step), what="the first checkpoint")
    done = work.committed() * step
    ballast = fill(disk)
    crew.wait(lambda: not brokers.cluster.nodes[0].running, what="the broker's end")
    down, lasts = time.monotonic(), stage.sized(short=20, full=120)
    crew.wait(lambda: time.monotonic() - down > lasts, limit=2 * lasts)
    ballast.unlink()
    brokers.start(1)
    took = crew.wait(lambda: work.applied(min(1, done + step)), what="more work")
    stage.figure("at work again s", took)


PROMISE = Promise("P21", "the broker's disk is full, and nothing is lost or doubled", play)
