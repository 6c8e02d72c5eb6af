"""Plays the promises one after the other and prints a table: `python -m tests.faults --only P14,P2 --seed 5`."""

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import mutations
from tests.faults.promise import Promise, promises
from tests.faults.stage import Scale, Stage

COLUMNS = ("lost", "spurious", "doubled", "bodies", "order", "states", "health", "letters", "behind")

LEGEND = (
    "0: compared, and nothing is wrong. -: the play has no log to compare with the replay (settings and rights that are"
    " refused, clocks, probes): it holds where what it asserts holds."
)


@dataclass(frozen=True)
class Row:
    """What came of one play."""

    promise: Promise
    stage: Stage
    seconds: float
    failure: str = ""


def played(promise: Promise, *, seed: int, scale: Scale) -> Row:
    """Play one promise to its end, whatever that is; what it wrote is kept where it failed."""
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{promise.number}-"))
    stage = Stage(promise.number, seed, scale, folder)
    began, failure = time.monotonic(), ""
    stage.say(promise.says)
    try:
        promise.play(stage)
    except Exception as error:  # noqa: BLE001 - a row of the table, and the others are played all the same
        failure = f"{' '.join(f'{type(error).__name__}: {error}'.split())[:300]} — see {folder}"
        traceback.print_exc()
    else:
        stage.rounds_done = stage.rounds_done or 1
        shutil.rmtree(folder, ignore_errors=True)
    return Row(promise, stage, time.monotonic() - began, failure)


def table(rows: Sequence[Row], seed: int) -> str:
    """Draw the table of promises, with what was counted and measured."""
    lines = [f"seed {seed}", f"{'':6} {'rounds':>6} {'s':>5} {' '.join(f'{name:>8}' for name in COLUMNS)}  held"]
    for row in rows:
        counts = [sum(getattr(verdict, name) for verdict in row.stage.verdicts) for name in COLUMNS]
        judged = " ".join(f"{count if row.stage.verdicts else '-':>8}" for count in counts)
        told = ", ".join(f"{name} {value}" for name, value in row.stage.figures.items())
        held = f"no: {row.failure}" if row.failure else "yes"
        lines.append(f"{row.promise.number:6} {row.stage.rounds_done:6} {row.seconds:5.0f} {judged}  {held}")
        lines.append(f"{'':6} {row.promise.says}{f' ({told})' if told else ''}")
    return "\n".join([*lines, LEGEND])


def main() -> int:
    """Exit code 1 where a promise did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="P14,P2b: P14 stands for P14b too; or mutations")
    parser.add_argument("--rounds", choices=["smoke", "short", "full"], default="short")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    wanted = [name.strip().upper() for name in given.only.split(",") if name.strip()]
    if wanted == ["MUTATIONS"]:
        return mutations.main([])
    chosen = [one for one in promises() if not wanted or _named(one, wanted)]
    if not chosen:
        parser.error(f"there is no promise {given.only}: {', '.join(one.number for one in promises())}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # clients of the harness, too, miss killed brokers
    rows = []
    for number, promise in enumerate(chosen, start=1):
        print(f"{promise.number}, {number} of {len(chosen)}, seed {seed}", flush=True)  # noqa: T201
        rows.append(played(promise, seed=seed, scale=given.rounds))
    print(table(rows, seed))  # noqa: T201
    return int(any(row.failure for row in rows))


def _named(promise: Promise, wanted: Sequence[str]) -> bool:
    number = promise.number.upper()
    return number in wanted or number.rstrip("ABCDEFGHIJ") in wanted


if __name__ == "__main__":
    sys.exit(main())
