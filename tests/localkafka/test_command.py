"""`python -m detector.localkafka` as a person starts and ends it."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detector.localkafka import __main__ as command

ENDING = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = [(number, signal.getsignal(number)) for number in ENDING]
    yield
    for number, handler in before:
        signal.signal(number, handler)


class Interrupted:
    """A cluster that hears a signal at one of its steps: `made`, `started` or `running`."""

    def __init__(self, heard: signal.Signals, step: str) -> None:
        self.heard, self.step, self.done = heard, step, list[str]()

    def __call__(self, nodes: int, *, folder: Path | None) -> "Interrupted":
        assert (nodes, folder and folder.name) in ((1, None), (1, "kept"))
        self._reach("made")
        return self

    def _reach(self, step: str) -> None:
        if step == self.step:
            signal.raise_signal(self.heard)
        self.done.append(step)

    def start(self) -> None:
        self._reach("started")

    @property
    def bootstrap(self) -> str:
        self._reach("running")
        return "never told"

    def stop(self) -> None:
        self._clear("stopped")

    def remove(self) -> None:
        self._clear("removed")

    def _clear(self, how: str) -> None:
        signal.raise_signal(self.heard)  # a person presses Ctrl-C again
        self.done.append(how)


def call(monkeypatch: pytest.MonkeyPatch, cluster: Any, *arguments: str) -> int:
    monkeypatch.setattr(command, "Cluster", cluster)
    return CliRunner().invoke(command.main, arguments).exit_code


@pytest.mark.parametrize("heard", ENDING)
@pytest.mark.parametrize(
    ("step", "done", "code"),
    [
        ("made", [], 130),
        ("started", ["made", "removed"], 130),
        ("running", ["made", "started", "removed"], 0),
    ],
)
def test_a_signal_ends_it_at_any_step_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, heard: signal.Signals, step: str, done: list[str], code: int
) -> None:
    cluster = Interrupted(heard, step)
    assert call(monkeypatch, cluster) == code
    assert cluster.done == done


def test_data_in_a_folder_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = Interrupted(signal.SIGINT, "running")
    assert call(monkeypatch, cluster, "--folder", str(tmp_path / "kept")) == 0
    assert cluster.done == ["made", "started", "stopped"]
