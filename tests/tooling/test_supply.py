"""What is installed is what was locked: a changed file is refused; an audit that did not happen is never a pass."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.audit import audit, verdict

ROOT = Path(__file__).parents[2]
METADATA = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
NOWHERE = ("--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:1/")


def options_of_setup() -> list[str]:
    """The options with which `make setup` has pip install the lock file."""
    found = re.search(r"-m pip install (.*) -r \$\(LOCK\)", (ROOT / "Makefile").read_text())
    assert found is not None
    return found[1].split()


def packed(folder: Path, body: str) -> Path:
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", body)
        file.writestr("tiny-1.0.dist-info/METADATA", METADATA)
        file.writestr("tiny-1.0.dist-info/WHEEL", WHEEL)
        file.writestr("tiny-1.0.dist-info/RECORD", "")
    return wheel


def installed(folder: Path, lock: Path) -> subprocess.CompletedProcess[str]:
    away = ("--no-index", "--find-links", str(folder), "--target", str(folder / "target"))
    words = [sys.executable, "-m", "pip", "install", *options_of_setup(), *away, "-r", str(lock)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_file_that_was_changed_after_it_was_locked_is_not_installed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    digest = hashlib.sha256(packed(tmp_path, "honest = 1").read_bytes()).hexdigest()
    lock.write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    assert installed(tmp_path, lock).returncode == 0
    packed(tmp_path, "honest = 0")
    changed = installed(tmp_path, lock)
    assert changed.returncode != 0
    assert "DO NOT MATCH THE HASHES" in changed.stderr


def test_setup_builds_nothing_and_takes_nothing_without_a_hash() -> None:
    options = options_of_setup()
    assert "--require-hashes" in options
    assert options[options.index("--only-binary") + 1] == ":all:"


CLEAN = {"name": "tiny", "version": "1.0", "vulns": []}
FLAWED = {"name": "weak", "version": "2.0", "vulns": [{"id": "CVE-0", "fix_versions": ["2.1"]}]}
UNASKED = {"name": "unknown", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([CLEAN], 0, "passed: nothing is known against 1 packages"),
        ([CLEAN, FLAWED], 1, "weak 2.0: CVE-0, mended in 2.1"),
        ([CLEAN, UNASKED], 75, "not run for 1 of 2 packages: the service knows nothing of them"),
        ([FLAWED, UNASKED], 1, "weak 2.0: CVE-0, mended in 2.1\nnot run for 1 of 2 packages"),
        ([], 75, "not run for 0 of 0 packages"),
    ],
)
def test_only_an_audit_of_every_package_is_a_pass(packages: list[dict[str, object]], code: int, told: str) -> None:
    found = verdict(json.dumps({"dependencies": packages}), "")
    assert found.code == code
    assert found.told.startswith(told)
    assert ("passed" in found.told) == (code == 0)


def test_a_service_that_is_not_reached_is_not_run(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(f"click==8.3.3 --hash=sha256:{'0' * 64}\n")
    found = audit(lock, NOWHERE)
    assert found.code == 75
    assert found.told.startswith("not run: ")
    assert "\n" not in found.told
