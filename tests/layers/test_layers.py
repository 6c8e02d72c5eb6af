"""The layers of the project: they hold, and each contract is seen to fail on a copy with one wrong import."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter with our contracts on the packages of a folder."""
    paths = f"import sys; sys.path.insert(1, {str(ROOT)!r})"
    program = f"{paths}; from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """Every module of the project, empty but for the imports that a contract needs to see."""
    for package in ("detector", "schemas"):
        for source in (ROOT / package).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    (tmp_path / "detector/streaming/__init__.py").write_text("import faust\nimport prometheus_client\n")
    return tmp_path


def test_the_project_keeps_its_layers() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_without_a_wrong_import_every_contract_is_kept(skeleton: Path) -> None:
    done = lint(skeleton)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("detector/domain/detect.py", "import detector.streaming", "Rooms"),
        ("detector/files/read.py", "import detector.cli", "Rooms"),
        ("detector/streaming/engine.py", "import detector.files", "Rooms"),
        ("detector/unheard_of.py", "", "Rooms"),
        ("detector/domain/detect.py", "import pydantic", "Domain"),
        ("detector/domain/detect.py", "import schemas.topics", "Domain"),
        ("detector/domain/detect.py", "import detector.errors", "Domain"),
        ("detector/domain/detect.py", "from time import time", "Domain"),
        ("detector/domain/detect.py", "import logging", "Domain"),
        ("schemas/topics.py", "import msgspec", "Contract"),
        ("schemas/topics.py", "from detector import errors", "Contract"),
        ("detector/files/read.py", "import schemas.envelope, detector.domain.events", "Codec"),
        ("detector/worker.py", "import faust", "Faust"),
        ("detector/files/read.py", "import prometheus_client", "Faust"),
        ("detector/worker.py", "import detector.localkafka", "Kafka"),
    ],
)
def test_a_wrong_import_breaks_its_contract(skeleton: Path, module: str, statement: str, contract: str) -> None:
    (skeleton / module).write_text(f"{statement}\n")
    done = lint(skeleton)
    assert done.returncode == 1, done.stdout
    broken = done.stdout.partition("Broken contracts")[2]
    assert f"\n{contract}" in broken


def test_every_contract_is_seen_to_fail() -> None:
    seen = {row[2] for row in test_a_wrong_import_breaks_its_contract.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert seen == {contract["name"].partition(":")[0].split()[0] for contract in CONTRACTS}
