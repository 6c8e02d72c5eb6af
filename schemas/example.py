"""The valid examples of events: what each model gives of itself, completed to a whole event."""

from pathlib import Path
from typing import Any, Final, cast

from schemas.events import MODELS, TOPIC_OF
from schemas.topics import CRM, SUPPORT, USAGE

FOLDER: Final = Path("schemas/examples")
OCCURRED_AT: Final = "2026-03-02T09:00:00.000Z"
"""When every example happened, and the record time by which the examples are judged."""

_SOURCES: Final = {USAGE: "product", SUPPORT: "helpdesk", CRM: "crm"}


def of_event(event_type: str) -> dict[str, Any]:
    """Give the example of an event type."""
    extra = cast("dict[str, Any]", MODELS[event_type].model_config.get("json_schema_extra") or {})
    own: dict[str, Any] = next(iter(extra.get("examples", [])), {})
    envelope = {
        "event_id": f"example-{event_type}",
        "event_type": event_type,
        "account_id": "acme",
        "occurred_at": OCCURRED_AT,
        "source": _SOURCES.get(TOPIC_OF.get(event_type, SUPPORT)),
        "tenant_id": "default",
        "schema_version": "1.0",
    }
    return envelope | own


def of_events() -> dict[Path, dict[str, Any]]:
    """Give the example of every event type, by the path of its file."""
    return {FOLDER / "events/valid" / f"{name}.json": of_event(name) for name in MODELS}
