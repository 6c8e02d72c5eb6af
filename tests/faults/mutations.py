"""The mutation check: each guard of exactness is switched off in a copy of the code, and some test must go red.

Before, the copy as it is must be green. `make faults ONLY=mutations` (or `python -m tests.faults.mutations [--plays]`)
prints which. The quick tests of a guard run by pytest; with `--plays` the plays on Kafka run too, of which one at least
must not hold.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def copied(changes: Sequence[Change] = ()) -> Iterator[Path]:
    """A copy of the code with these changes. Raises AssertionError where a text is not there once."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        for change in changes:
            path = copy / change.file
            text = path.read_text(encoding="utf-8")
            assert text.count(change.old) == 1, f"{change.file} has changed: {change.old!r} is not there once"
            path.write_text(text.replace(change.old, change.new), encoding="utf-8")
        yield copy


def red_tests(copy: Path, *tests: str) -> list[str]:
    """Run quick tests in a copy and name those that fail. Raises AssertionError where they do not run."""
    told = _run(copy, "pytest", "-q", "-p", "no:cacheprovider", *tests)
    if told is None:
        return ["they hung"]
    assert re.search(r"\d+ passed", told), f"the tests do not run in the copy: {told[-500:]}"
    return list(dict.fromkeys(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", told, re.MULTILINE)))


def red_plays(copy: Path, plays: str) -> list[str]:
    """Run plays in a copy and name those that do not hold; a hang is a failure of them all."""
    told = _run(copy, "tests.faults", "--only", plays, "--seed", "4")
    return [f"{plays} hung"] if told is None else not_held(told)


def not_held(table: str) -> list[str]:
    """The plays whose row of a table says that they did not hold. Raises AssertionError where there is no table."""
    assert re.search(r"^P\d+\w? .*  (yes$|no: )", table, re.MULTILINE), (
        f"the plays do not run in the copy: {table[-500:]}"
    )
    return re.findall(r"^(P\d+\w?) .*  no: ", table, re.MULTILINE)


def red_before(mutations: Sequence[Mutation], *, plays: bool) -> list[str]:
    """What is red in a copy without a change: a guard that is switched off is not seen by that."""
    with copied() as copy:
        found = red_tests(copy, *sorted({mutation.tests for mutation in mutations}))
        names = sorted({name for mutation in mutations for name in mutation.plays.split(",")}) if plays else []
        for name in names:
            found += red_plays(copy, name)
    return found


def red(mutation: Mutation, *, plays: bool) -> list[str]:
    """Switch a guard off in a copy and name the tests and plays that saw it."""
    with copied(mutation.changes) as copy:
        found = red_tests(copy, mutation.tests)
        if plays:
            found += red_plays(copy, mutation.plays)
    return found


def _run(folder: Path, module: str, *words: str) -> str | None:
    """Run a module in the copy; what it says, or None where it hangs."""
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
        return None
    return done.stdout


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 where a guard can be switched off unseen, or something is red without that."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutations", description=__doc__)
    parser.add_argument("--plays", action="store_true", help="the plays on Kafka too (40 minutes)")
    parser.add_argument("--only", default="", help="guards whose name has this word")
    given = parser.parse_args(words)
    chosen = [mutation for mutation in MUTATIONS if given.only in mutation.guard]
    before = red_before(chosen, plays=given.plays)
    print(f"{'nothing switched off':68} {', '.join(before) or 'all green'}", flush=True)  # noqa: T201
    if before:
        return 1
    unseen = 0
    for mutation in chosen:
        found = red(mutation, plays=given.plays)
        unseen += not found
        print(f"{mutation.guard:68} {', '.join(found) or 'NOTHING IS RED'}", flush=True)  # noqa: T201
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
