"""Inputs that once broke a promise, or are of the kind that would: each is run for ever after."""

from pathlib import Path

import pytest

from tests.fuzz.targets import LONGEST, TARGETS, load_pack

FOUND = Path(__file__).parent / "found"
INPUTS = [(path.parent.name, path) for path in sorted(FOUND.glob("*/*"))]


@pytest.mark.parametrize(("kind", "path"), INPUTS, ids=[f"{kind}-{path.name}" for kind, path in INPUTS])
def test_what_was_found_breaks_no_promise_any_more(kind: str, path: Path) -> None:
    """No exception leaves, and no input takes over 50 ms of this thread's time, at best of three."""
    data = path.read_bytes()
    assert len(data) <= LONGEST
    TARGETS[kind](data)


def test_every_target_has_something_that_was_found() -> None:
    assert {kind for kind, _ in INPUTS} == set(TARGETS)


def test_a_pack_of_ten_lines_cannot_mean_a_million_parts() -> None:
    """Each alias stands for nine of the line before it: without a bound this takes hours."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    load_pack("\n".join(lines).encode())
