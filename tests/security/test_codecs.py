"""Nothing that arrives can make the worker run code: no codec that could, whatever a record says of itself."""

import asyncio
import pickle
import re
from pathlib import Path
from typing import Any, cast

import pytest
from faust.serializers import codecs

import detector
from detector.codec import decode, partition_of
from detector.domain.record import Record, Reject
from detector.streaming.guard import SAFE_CODECS
from tests.streaming.fakes import Stage, unstarted

NOW_MS = 1_767_571_200_000
RUNS_CODE = re.compile(
    r"\b(?:import|from) (?:pickle|marshal|shelve|dill)\b|\b(?:eval|exec|__import__)\(|yaml\.(?:unsafe_|full_)?load\("
)
SOURCES = sorted(Path(detector.__file__).parent.rglob("*.py"))


sprung: list[str] = []


def spring(word: str) -> None:
    sprung.append(word)


class Trap:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return spring, ("sprung",)


def test_faust_knows_no_codec_that_could_run_code() -> None:
    async def main() -> None:
        with unstarted(Stage()):
            assert set(codecs.codecs) <= SAFE_CODECS
            for name in ("pickle", "yaml"):
                with pytest.raises(KeyError):
                    codecs.dumps(name, {})

    asyncio.run(main())


def test_topics_and_tables_use_none() -> None:
    async def main() -> None:
        with unstarted(Stage()) as app:
            table = cast("Any", app.tables["accounts"])
            channels = [cast("Any", agent.channel) for agent in app.agents.values()]
            named = {
                str(serializer)
                for one in (*channels, table, table.changelog_topic, app.conf)
                for serializer in (one.key_serializer, one.value_serializer)
                if serializer is not None
            }
            assert named <= {"raw", "json"}

    asyncio.run(main())


@pytest.mark.parametrize("kind", [b"application/python-pickle", b"application/x-yaml", b"application/json"])
def test_a_record_cannot_choose_how_it_is_read(kind: bytes) -> None:
    poison = pickle.dumps(Trap())
    headers = (("content-type", kind), ("value_serializer", b"pickle"), ("ce_dataschema", b"pickle"))
    record = Record(0, NOW_MS, b"acme", poison, headers)
    found = decode(record, topic="usage.events.v1", partition=partition_of(b"acme", 4), partitions=4)
    assert isinstance(found, Reject)
    assert sprung == []
    pickle.loads(poison)  # noqa: S301 - ours: the trap works
    assert sprung.pop() == "sprung"


def test_nothing_in_the_source_runs_what_it_reads() -> None:
    found = [(path.name, found[0]) for path in SOURCES for found in RUNS_CODE.finditer(path.read_text())]
    safe = ("load.py", "yaml.load(")  # both with loaders of plain data
    assert [one for one in found if one != safe] == []


@pytest.mark.parametrize("line", ["import pickle", "from pickle import loads", "from dill.source import x", "eval(x)"])
def test_what_could_run_code_is_found(line: str) -> None:
    assert RUNS_CODE.search(line)
