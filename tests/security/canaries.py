"""Names, addresses, numbers and free text put into events wherever the contract takes them, to be looked for later."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, get_args

from schemas.events import MODELS
from schemas.fields import NeverKept
from schemas.generate import ROOT

COUNT = 50
"""Of each kind."""

KINDS = {
    "name": [f"Zaphod Canary{number:03d} Beeblebrox" for number in range(COUNT)],
    "email": [f"zaphod.canary{number:03d}@heartofgold.example" for number in range(COUNT)],
    "phone": [f"+49 30 555{number:03d}77" for number in range(COUNT)],
    "comment": [f"the towel of canary {number:03d} is wet, says Trillian" for number in range(COUNT)],
}
EVERY = tuple(value for values in KINDS.values() for value in values)


def _never_kept(annotation: Any, metadata: Iterable[object]) -> bool:
    inner = get_args(annotation)
    return any(isinstance(part, NeverKept) for part in (*metadata, *inner)) or any(
        _never_kept(part, ()) for part in inner
    )


FREE_TEXT = {
    kind: [
        name
        for name, field in model.model_fields.items()
        if name != "labels" and _never_kept(field.annotation, field.metadata)
    ]
    for kind, model in MODELS.items()
}
"""Event type -> its fields that take free text."""


def told(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events with a canary of each kind: in fields nobody knows, in labels, in every field for free text."""
    turns = {kind: cycle(values) for kind, values in KINDS.items()}
    for event in events:
        said = {kind: next(values) for kind, values in turns.items()}
        texts = dict.fromkeys(FREE_TEXT[event["event_type"]], "; ".join(said.values()))
        yield {**said, "nested": {"who": said}, **event, **texts, "labels": said}


def examples() -> Iterator[dict[str, Any]]:
    """Every valid example of the contract, of an account of its own."""
    for number, path in enumerate(sorted((ROOT / "schemas/examples/events/valid").glob("*.json"))):
        yield {**json.loads(path.read_text()), "account_id": f"example-{number}", "tenant_id": "default"}


def strangers() -> Iterator[dict[str, Any]]:
    """Events that cannot be used, with a canary where the contract wants its own words: as type, as source, as both."""
    event = {"account_id": "acme", "occurred_at": "2026-02-20T12:00:00Z"}
    for kind, (first, second, *_) in KINDS.items():
        yield {**event, "event_id": f"type-{kind}", "event_type": first}
        yield {**event, "event_id": f"source-{kind}", "event_type": "usage.dreamt", "source": second}
        yield {**event, "event_id": f"both-{kind}", "event_type": second, "source": first}
        yield {**event, "event_id": f"known-{kind}", "event_type": "usage.recorded", "source": first, "count": "no"}


_ANY = re.compile(b"|".join(re.escape(canary.encode()) for canary in EVERY))


def found_in(text: bytes) -> set[str]:
    """The canaries that stand in some bytes."""
    return {found.decode() for found in _ANY.findall(text)}


def found_below(folders: Iterable[Path]) -> dict[str, set[str]]:
    """File -> the canaries in it, for every log of Kafka below some folders that has any."""
    files = (file for folder in folders for file in folder.glob("*.log"))
    return {str(file): hits for file in files if (hits := found_in(file.read_bytes()))}
