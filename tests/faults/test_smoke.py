"""The promises that `make test` keeps: each is played once, on one node, with a load as small as is honest."""

import gc
from pathlib import Path

import pytest

from tests.faults.promise import Promise, promises
from tests.faults.stage import Stage

SEED = 11


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.broker
@pytest.mark.xdist_group("smoke")
@pytest.mark.parametrize("promise", [one for one in promises() if one.smoke], ids=lambda one: one.number)
def test_the_promise_holds(promise: Promise, kafka: str, tmp_path: Path) -> None:
    promise.play(Stage(promise.number, SEED, "smoke", tmp_path, shared=kafka))
    gc.collect()  # a client whose broker was killed leaves its socket behind: it is this test's, not the next one's
