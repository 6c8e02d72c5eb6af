"""The mutation check reads what a run says: who is red, that it hangs, or that nothing ran."""

from pathlib import Path

import pytest

from tests.faults import mutations
from tests.faults.mutations import MUTATIONS, not_held, red_before, red_plays, red_tests

TABLE = """seed 4
       rounds     s     lost spurious  held
P2          3    20        1        0  no: AssertionError: lost 1
       crash-consistent (figure 3)
P14d        3    20        0        0  yes
"""


def test_a_play_that_does_not_hold_is_named() -> None:
    assert not_held(TABLE) == ["P2"]


def test_a_run_without_a_table_is_an_error() -> None:
    with pytest.raises(AssertionError, match="do not run"):
        not_held("Traceback")


def test_a_hang_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutations, "_run", lambda *_: None)
    assert red_plays(Path(), "P14d,P11b") == ["P14d,P11b hung"]
    assert red_tests(Path(), "tests/streaming/test_engine.py") == ["they hung"]


def test_what_is_red_in_an_unchanged_copy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "FAILED tests/a.py::test_it - AssertionError\nERROR tests/a.py::test_that\n1 failed, 1 error, 3 passed"
    monkeypatch.setattr(mutations, "_run", lambda _, module, *__: said if module == "pytest" else TABLE)
    assert red_before(MUTATIONS[:1], plays=False) == ["test_it", "test_that"]
    assert red_before(MUTATIONS[:1], plays=True) == ["test_it", "test_that", "P2"]
