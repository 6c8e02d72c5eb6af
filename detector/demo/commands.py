"""Commands as a person would type them here: this very program, paths as seen from where they are."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detector.demo.stream import PACK

HOME_KAFKA: Final = ("--brokers", "localhost:9092")
"""For people to replace: the demo's own Kafka is gone when they read it."""


def typed(words: Sequence[str | Path]) -> str:
    """`detector <words>` in one line for a shell."""
    return shlex.join([*program(), *map(near, words)])


def program(started: Sequence[str] | None = None) -> list[str]:
    """The words by which this program was started, such that they start it again; `started` are those of `sys.argv`."""
    path = Path((sys.argv if started is None else started)[0])
    if path.name == "__main__.py" or not os.access(path, os.X_OK):
        return [near(sys.executable), "-m", "detector"]
    found = shutil.which(path.name)
    if found and Path(found).exists() and path.exists() and Path(found).samefile(path):
        return [path.name]
    return [near(path.absolute())]


def near(word: str | Path) -> str:
    """A path below the folder in which a person is, as that person would write it; any other word as it is."""
    path = Path(word)
    if not path.is_absolute() or not path.is_relative_to(Path.cwd()):
        return str(word)
    inside = path.relative_to(Path.cwd())
    return str(inside) if len(inside.parts) > 1 else f"./{inside}"


def next_steps(until: str, kafka: Sequence[str] = HOME_KAFKA) -> list[tuple[str, list[str]]]:
    """What one could do next, and the commands that do it, in their order; `kafka` are the words of the way in."""
    file, past = "events.ndjson", ("--topic-prefix", "past-")
    pack = ("--pack", str(PACK))
    return [
        (
            "this history as a file, and its alerts without Kafka",
            [
                typed(["demo", "--until", until, "--events", file]),
                typed(["replay", file, *pack, "--until", until, "--alerts", "alerts.ndjson"]),
            ],
        ),
        (
            "the same on your Kafka",
            [
                typed(["topics", "apply", *kafka, *past, "--import"]),
                typed(["emit", *kafka, *past, "--until", until, file]),
                typed(["worker", *kafka, *past, "--record-time", "create", *pack, "--http-port", "0"]),
            ],
        ),
        (
            "your own events, live",
            [typed(["topics", "apply", *kafka]), typed(["worker", *kafka])],
        ),
    ]
