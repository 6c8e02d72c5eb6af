"""Tests of one group share what is expensive, so they run in one process; a pytest-xdist once forgot that silently."""

import re
import subprocess
import sys
from pathlib import Path

GROUPED = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(6))
def test_group(number, worker_id):
    print(f"ran in {worker_id}")

@pytest.mark.parametrize("number", range(6))
def test_alone(number):
    pass
"""


def test_the_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-rP", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    ran = re.findall(r"^ran in (gw\d)$", done.stdout, re.MULTILINE)
    assert (len(ran), len(set(ran))) == (6, 1)
