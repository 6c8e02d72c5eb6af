"""What is installed: pinned, locked with hashes, explained; from no address that belongs to one machine."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
FUZZ_LOCK = (ROOT / "fuzz.lock").read_text()
LOCKED = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", LOCK, re.MULTILINE))
FUZZ_LOCKED = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", FUZZ_LOCK, re.MULTILINE))


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Every dependency of pyproject.toml with its version."""
    named = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    return dict(one.split("==") for one in named)


def test_every_dependency_is_pinned_and_locked_with_the_same_version() -> None:
    locked = {normal(name): version for name, version in (LOCKED | FUZZ_LOCKED).items()}
    for name, version in pins().items():
        assert locked.get(normal(name)) == version, f"{name}: run `make lock`"


def test_what_only_fuzzing_needs_is_in_its_own_lock() -> None:
    """It has no wheel for every machine: in the other lock it would keep people from setting up."""
    only = {name.split("==")[0] for name in PROJECT["optional-dependencies"]["fuzz"]}
    assert only <= {*FUZZ_LOCKED}
    assert not only & {*LOCKED}


@pytest.mark.parametrize(("lock", "locked"), [(LOCK, LOCKED), (FUZZ_LOCK, FUZZ_LOCKED)], ids=["all", "fuzz"])
def test_a_lock_file_has_a_hash_for_every_package_and_no_address(lock: str, locked: dict[str, str]) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    blocks = [block for block in blocks if block and not block.startswith("#")]
    assert len(blocks) == len(locked)
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"--(index|extra|find|trusted)|://|(^| )/", lock)


def test_the_build_uses_what_is_locked() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert [f"{name}=={LOCKED[name]}" for name in ("hatchling",)] == build


def test_the_changelog_gives_a_reason_for_every_dependency() -> None:
    table = (ROOT / "CHANGELOG.md").read_text()
    for name, version in pins().items():
        row = next((line for line in table.splitlines() if re.match(rf"\|.*\b{re.escape(name)}\b.*\|", line)), None)
        assert row is not None, f"{name} has no row in CHANGELOG.md"
        assert version in row or "types-" in name or "pytest-" in name, f"{name}: CHANGELOG.md names another version"
