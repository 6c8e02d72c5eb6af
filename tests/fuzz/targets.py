"""What is fuzzed: the decoder and the pack loader, with what must hold of each whatever it is given.

Each target takes any bytes and raises AssertionError where a promise is broken; any other exception is one too.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Any, Final

from detector import codec
from detector.catalogue.load import PackError
from detector.catalogue.pack import RULES_FILE, TENANTS_FILE, load_plan
from detector.domain.events import Event
from detector.domain.record import DeadLetter, Record, Reject
from detector.domain.state import account_path, hot_key
from schemas.refusal import LONGEST_DETAIL, REASONS

LONGEST: Final = 4_096
"""Bytes of an input."""
NOW: Final = 1_772_442_000_000  # 2026-03-02T09:00:00Z, when the examples of the contract happened

_TRIES: Final = 3
_KEY: Final = 16
_BINARY: Final = (("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"usage.recorded"), ("ce_source", b"/a"))
_STRUCTURED: Final = (("content-type", b"application/cloudevents+json"),)
_MARK: Final = b"\n--- tenants.yaml\n"

Target = Callable[[bytes], None]


@dataclass
class Limit:
    """Seconds of its own thread's time that one input may take, and what the slowest took."""

    seconds: float = 0.05
    slowest: float = 0.0


limit: Final = Limit()


def record_of(data: bytes) -> Record:
    """A record of any bytes: the first byte says which part of a record the others are."""
    dress, rest = (data[0] % 8 if data else 0), data[1:]
    key, value, headers = b"acme", rest, ()
    match dress:
        case 1:
            value = b"\0\0\0\0\x07" + rest
        case 2:
            return Record(7, NOW, key, value, _BINARY)
        case 3:
            return Record(7, NOW, key, value, _STRUCTURED)
        case 4:
            key, value = rest[:_KEY], rest[_KEY:]
        case 5:
            name, _, value = rest.partition(b"\n")
            return Record(7, NOW, key, value, ((name.decode(errors="surrogateescape"), value), *_BINARY))
        case 6:
            moment = int.from_bytes(rest[:8], "big", signed=True)
            return Record(7, moment, key, rest[8:], headers)
        case _:
            pass
    return Record(7, NOW, key, value, headers)


def decode_any(data: bytes) -> None:
    """Whatever a record holds: an event that can be kept, or a reject that can be told; never an exception, in time."""
    record = record_of(data)
    found = _in_time(lambda: codec.decode(record, topic="crm.events.v1", partition=0, partitions=1))
    if isinstance(found, Reject):
        assert found.code in REASONS, found.code
        assert found.code != "internal", found.detail
        assert len(found.detail) <= LONGEST_DETAIL
        assert (found.detail + found.source + found.event_type).isascii()
        assert (found.detail + found.source + found.event_type).isprintable()
        codec.encode_dead_letter(DeadLetter("crm.events.v1", 0, record, found))
        return
    assert isinstance(found, Event)
    hot_key(account_path(found.tenant_id, found.account_id))
    repr(found).encode()  # what is half a surrogate pair would raise here, and in the changelog


def load_pack(data: bytes) -> None:
    """Whatever stands in the files of a pack: a plan, or one line that names the file; never another exception."""
    rules, _, tenants = data.partition(_MARK)
    with tempfile.TemporaryDirectory() as folder:
        if rules:
            (Path(folder) / RULES_FILE).write_bytes(rules)
        if tenants or not rules:
            (Path(folder) / TENANTS_FILE).write_bytes(tenants)
        refusal = _refusal(folder, limited=bool(rules))
        assert refusal is None or ("\n" not in refusal and folder in refusal), refusal


def _refusal(folder: str, *, limited: bool) -> str | None:
    """What is said against the pack; None where it is one. Without `limited`: the 80 built-in rules take longer."""

    def load() -> str | None:
        try:
            load_plan(Path(folder))
        except PackError as error:
            return str(error)
        return None

    found: str | None = _in_time(load) if limited else load()
    return found


def _in_time(work: Callable[[], Any]) -> Any:
    """Give what the work gives. Raises AssertionError where it took too long several times running."""
    for left in reversed(range(_TRIES)):
        began = thread_time()
        found = work()
        took = thread_time() - began
        if took <= limit.seconds or not left:
            break
    limit.slowest = max(limit.slowest, took)
    assert took <= limit.seconds, f"it took {took:.3f} s"
    return found


TARGETS: Final[Mapping[str, Target]] = {"decode": decode_any, "pack": load_pack}
