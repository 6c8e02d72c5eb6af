"""Runs the fuzzing: `python -m tests.fuzz any|machine|decode|pack`; `make fuzz` runs all four.

`any` is a property test of the decoder with many examples, `machine` does to a worker's core what may happen to it.
`decode` and `pack` are guided by coverage (atheris) for `--minutes` and begin with what is written beside them and in
the contract's examples. An input that breaks a promise is kept in `tests/fuzz/found`, where the tests run it ever
after; the exit code is then not 0.
"""

# ruff: noqa: PLC0415 - atheris must see the imports of what it counts, and is only installed to fuzz

import argparse
import sys
import time
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
FOUND: Final = HERE / "found"
CORPUS: Final = Path(".fuzz")
"""What reached new branches, so that the next run begins there."""

_STEPS: Final = 50

_SETTLING: Final = 15
"""Seconds for the seeds to be read, before the time counts."""


def main() -> int:
    """Run one kind of fuzzing; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("kind", choices=["any", "machine", "decode", "pack"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--examples", type=int, default=20_000)
    given = parser.parse_args()
    if given.kind == "any":
        return _any(given.examples)
    if given.kind == "machine":
        return _machine(given.examples)
    return _guided(given.kind, given.minutes)


def _any(examples: int) -> int:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    from tests.codec.test_laws import events_as_text
    from tests.fuzz.largest import LARGEST
    from tests.fuzz.targets import decode_any, limit

    for value in LARGEST.values():
        decode_any(value)
    sys.stdout.write(f"any: {len(LARGEST)} of the largest records, slowest {limit.slowest * 1e3:.1f} ms\n")
    count, limit.slowest = 0, 0.0
    dresses = st.integers(0, 7).map(lambda number: bytes((number,)))
    inputs = st.binary(max_size=4_096) | st.tuples(dresses, events_as_text()).map(b"".join)

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(inputs)
    def any_bytes(data: bytes) -> None:
        nonlocal count
        count += 1
        decode_any(data)

    began = time.monotonic()
    any_bytes()
    took = time.monotonic() - began
    sys.stdout.write(f"any: {count:,} examples in {took:.0f} s, no exception, slowest {limit.slowest * 1e3:.1f} ms\n")
    return 0


def _machine(examples: int) -> int:
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.fuzz.machine import Life

    how = settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    began = time.monotonic()
    run_state_machine_as_test(Life, settings=how)
    took = time.monotonic() - began
    sys.stdout.write(f"machine: {examples:,} lives of up to {_STEPS} steps in {took:.0f} s, each as one pass says\n")
    return 0


def _guided(kind: str, minutes: float) -> int:
    import atheris

    with atheris.instrument_imports(include=["detector.codec", "detector.catalogue", "schemas", "json"]):
        from tests.fuzz.seeds import dictionary, seeds
        from tests.fuzz.targets import LONGEST, TARGETS, limit

    target, tell_at = TARGETS[kind], time.monotonic() + 60 * minutes
    count = 0

    def one(data: bytes) -> None:
        nonlocal count, tell_at
        count += 1
        target(data)
        if time.monotonic() > tell_at:  # the fuzzer ends the process a little later, without a word to us
            tell_at = float("inf")
            slowest = f"slowest {limit.slowest * 1e3:.1f} ms with branches counted"
            sys.stdout.write(f"{kind}: {count:,} inputs in {minutes:g} min, no exception, {slowest}\n")
            sys.stdout.flush()

    corpus, words = CORPUS / kind, CORPUS / f"{kind}.words"
    corpus.mkdir(parents=True, exist_ok=True)
    (FOUND / kind).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(kind)):
        (corpus / f"seed-{number:05d}").write_bytes(seed[:LONGEST])
    words.write_text(dictionary(kind))
    options = [f"-dict={words}", f"-max_len={LONGEST}", f"-max_total_time={60 * minutes + _SETTLING:.0f}"]
    options += ["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={FOUND / kind}/", str(corpus)], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
