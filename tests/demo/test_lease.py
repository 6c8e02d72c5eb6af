"""A folder of the demo lives as long as its process; what the dead left is cleared away, and nothing else."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from detector.demo.lease import Lease, sweep

KILLED = """
import os, signal
from detector.demo.lease import Lease
print(Lease().folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_a_folder_in_use_is_left_alone_and_gone_at_its_end() -> None:
    lease = Lease()
    sweep()
    assert lease.folder.is_dir()
    lease.end()
    assert not lease.folder.exists()


def test_what_a_killed_demo_left_is_cleared_away(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    folder = Path(killed.stdout.strip())
    assert folder.parent == tmp_path
    (folder / "kafka").mkdir()
    sweep()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_demos_stays(tmp_path: Path) -> None:
    (tmp_path / "detector-demo-of-mine-2026").mkdir()
    (tmp_path / "detector-demo-12345678").write_text("a file")
    (tmp_path / "detector-demo-abcdefgh").symlink_to(tmp_path / "detector-demo-of-mine-2026")
    sweep()
    assert len(list(tmp_path.iterdir())) == 3
