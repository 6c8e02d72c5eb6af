"""P21: the broker's disk fills up: it ends, and after there is room again nothing is lost or doubled."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.brokers import Brokers
from tests.faults.crew import Crew
from tests.faults.outage import Outage, judged, suffer
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

SIZE_MIB = 192
ROOM_MIB = 1
BALLAST = "ballast"


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


def fill(disk: Path) -> None:
    """Take all but a little of a disk, in the file `BALLAST`."""
    with (disk / BALLAST).open("wb") as file:
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - (ROOM_MIB << 20)) > 0:
            with contextlib.suppress(OSError):  # Kafka took some of it meanwhile
                os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END) + free)


def play(stage: Stage) -> None:
    """Full in the midst of the work, for a while; then there is room, and the broker is started again."""
    events, accounts = stage.sized(short=(6_000, 150), full=(100_000, 2_500))
    surface = Surface()
    with small_disk(stage.folder / "disk") as disk, Brokers(1, disk) as brokers:
        work = stage.work(brokers, stage.feed(events, accounts))
        work.send()
        slow = stage.sized(short=200, full=60)
        with work.crew(1, slow_ms=slow, http_port=surface.port) as crew, surface.watching():
            for _ in stage.rounds(short=1, full=3):
                suffer(stage, work, crew, _full(disk, brokers, crew), stage.sized(short=20.0, full=120.0))
            work.settle(crew)
        judged(stage, work, crew)
    dead = [said for said in surface.seen if said.startswith("/livez 503")]
    assert not dead, f"a restart was asked for: {dead}"


def _full(disk: Path, brokers: Brokers, crew: Crew) -> Outage:
    def begin() -> None:
        fill(disk)
        crew.wait(lambda: not brokers.cluster.nodes[0].running, what="the broker's end")

    def end() -> None:
        (disk / BALLAST).unlink()
        brokers.start(1)

    return Outage("a full disk", begin, end)


PROMISE = Promise("P21", "the broker's disk is full, and nothing is lost or doubled", play)
