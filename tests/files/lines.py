"""Lines and files for the tests of this folder."""

import json
from pathlib import Path

TOPICS = ("usage.events.v1", "support.events.v1", "crm.events.v1")
TOPIC_OF = {
    "usage.recorded": "usage.events.v1",
    "ticket.created": "support.events.v1",
    "ticket.resolved": "support.events.v1",
    "goal.measured": "crm.events.v1",
    "content.sent": "crm.events.v1",
}
BEGIN = 1_772_442_000_000  # 2026-03-02T09:00:00Z


def event(kind: str = "usage.recorded", account: str = "acme", at: int | str = BEGIN, **fields: object) -> bytes:
    return json.dumps(
        {"event_id": "e1", "event_type": kind, "account_id": account, "occurred_at": at, **fields}
    ).encode()


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
