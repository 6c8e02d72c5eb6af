"""The mutation check: each guard of exactness is switched off in a copy of the code, and some test must go red.

`make faults ONLY=mutations` (or `python -m tests.faults.mutations [--plays]`) prints which. The quick tests of a guard
run by pytest; with `--plays` the plays on Kafka run too, of which one at least must not hold.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("detector", "schemas", "harness", "benchmarks", "tests", "pyproject.toml")
HANGING_SECONDS: Final = 900


@dataclass(frozen=True)
class Change:
    """A text of a file, which must be there exactly once, and what stands in its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """A guard, how it is switched off, the quick tests that must see it, and the plays that may."""

    guard: str
    changes: tuple[Change, ...]
    tests: str
    plays: str


WRITER: Final = "detector/streaming/writer.py"
ENGINE: Final = "detector/streaming/engine.py"
ENGINE_TESTS: Final = "tests/streaming/test_engine.py"
BEGIN: Final = "        await producer.begin_transaction()\n"
COMMIT: Final = "        await producer.commit_transaction()\n"
PUBLISH: Final = "            published += await self._publish(topic, map(encode, values(changes)))\n"

ALERTS_APART: Final = (
    Change(WRITER, '        crash_point("alerts")\n', f'{COMMIT}        crash_point("alerts")\n{BEGIN}'),
    Change(
        WRITER,
        "        states = await self._send(self.options.changelog",
        "        await asyncio.gather(*published)\n        states = await self._send(self.options.changelog",
    ),
)
STARTED_LATE: Final = (
    Change(ENGINE, "asyncio.gather(*[writer.start() for writer in self._writers.values()])", "asyncio.sleep(0)"),
    Change(
        WRITER,
        BEGIN,
        '        if not getattr(self, "begun", False):\n            await self.start()\n'
        f"{BEGIN}        self.begun = True\n",
    ),
)
OFFSETS_LEFT_OUT: Final = (
    Change(WRITER, "producer.send_offsets_to_transaction(offsets, self.options.app_id)", "asyncio.sleep(0)"),
)
NEVER_DEAD: Final = (Change(ENGINE, "if message.epoch != self.epoch or not self.running", "if not self.running"),)
FAILURE_SWALLOWED: Final = (
    Change(
        ENGINE,
        "            self.running = False\n            self._ending.abandon("
        'f"the checkpoint of partition {live.number}", error)\n',
        "            del error\n",
    ),
)
LETTERS_APART: Final = (
    Change(
        WRITER,
        PUBLISH,
        f"{PUBLISH}            if topic == self.options.dead_letters_topic and published:\n"
        f"                await asyncio.gather(*published)\n        {COMMIT}        {BEGIN}",
    ),
)
ONE_BOUND_FOR_ALL: Final = (
    Change(
        ENGINE,
        "live.backlog(tp.topic) > options.in_flight_records",
        "sum(map(live.backlog, self.topics)) > options.in_flight_records",
    ),
)
AS_IT_COMES: Final = (
    Change(
        "detector/domain/partition.py",
        "        for topic, queue in self._queues.items():\n            if topic == chosen:",
        "        for topic, queue in list(self._queues.items())[:0]:\n            if topic == chosen:",
    ),
)

MUTATIONS: Final = (
    Mutation("one transaction: alerts in one of their own", ALERTS_APART, ENGINE_TESTS, "P2"),
    Mutation("producer started before the changelog is read: with its first write", STARTED_LATE, ENGINE_TESTS, "P14d"),
    Mutation("offsets inside the transaction: left out", OFFSETS_LEFT_OUT, ENGINE_TESTS, "P3"),
    Mutation("batches dead after a rebalance: applied", NEVER_DEAD, ENGINE_TESTS, "P14"),
    Mutation("exit on a failed transaction: going on", FAILURE_SWALLOWED, ENGINE_TESTS, "P14d,P11b"),
    Mutation("dead letters inside the transaction: in one before it", LETTERS_APART, ENGINE_TESTS, "P2"),
    Mutation("bound per topic-partition: one for all of them", ONE_BOUND_FOR_ALL, ENGINE_TESTS, "P18"),
    Mutation("merge by record time: each topic as it comes", AS_IT_COMES, "tests/domain/test_merge.py", "P3"),
)


def red(mutation: Mutation, *, plays: bool) -> list[str]:
    """Switch a guard off in a copy and name the tests and plays that saw it."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        for change in mutation.changes:
            path = copy / change.file
            text = path.read_text(encoding="utf-8")
            assert text.count(change.old) == 1, f"{change.file} has changed: {mutation.guard} cannot be switched off"
            path.write_text(text.replace(change.old, change.new), encoding="utf-8")
        quick = _run(copy, "pytest", "-q", "-p", "no:cacheprovider", mutation.tests)
        assert re.search(r"\d+ passed", quick), f"the tests do not run in the copy: {quick[-500:]}"
        found = list(dict.fromkeys(re.findall(r"^FAILED \S+::(\w+)", quick, re.MULTILINE)))
        if plays:
            told = _run(copy, "tests.faults", "--only", mutation.plays, "--seed", "4")
            found += re.findall(r"^(P\d+\w?) .*  no: ", told, re.MULTILINE)
        return found


def _run(folder: Path, module: str, *words: str) -> str:
    """Run a module in the copy; a hang counts as a failure of its plays."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=HANGING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{words[1]}   no: it hung"
    return done.stdout


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 where a guard can be switched off and nothing sees it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("--plays", action="store_true", help="the plays on Kafka too (40 minutes)")
    parser.add_argument("--only", default="", help="guards whose name has this word")
    given = parser.parse_args(words)
    unseen = 0
    for mutation in MUTATIONS:
        if given.only in mutation.guard:
            found = red(mutation, plays=given.plays)
            unseen += not found
            seen = ", ".join(found) or "NOTHING IS RED"
            print(f"{mutation.guard:68} {seen}", flush=True)  # noqa: T201
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
