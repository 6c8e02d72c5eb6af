"""Inputs that once broke a promise, or are of the kind that would: each is run for ever after."""

from pathlib import Path

import pytest

from tests.fuzz.largest import LARGEST
from tests.fuzz.targets import LONGEST, TARGETS, decode_any, limit, load_pack

FOUND = Path(__file__).parent / "found"
HANGING_SECONDS = 30
INPUTS = [(path.parent.name, path) for path in sorted(FOUND.glob("*/*"))]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast it must be is for `make fuzz` to say; here nothing may hang."""
    monkeypatch.setattr(limit, "seconds", HANGING_SECONDS)


@pytest.mark.parametrize(("kind", "path"), INPUTS, ids=[f"{kind}-{path.name}" for kind, path in INPUTS])
def test_what_was_found_breaks_no_promise_any_more(kind: str, path: Path) -> None:
    """No exception leaves; half a reject is none."""
    data = path.read_bytes()
    assert len(data) <= LONGEST
    TARGETS[kind](data)


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_records_are_judged(name: str) -> None:
    decode_any(LARGEST[name])


def test_every_target_has_something_that_was_found() -> None:
    assert {kind for kind, _ in INPUTS} == set(TARGETS)


def test_a_pack_of_ten_lines_cannot_mean_a_million_parts() -> None:
    """Each alias stands for nine of the line before it: without a bound this takes hours."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    load_pack("\n".join(lines).encode())
