"""Alerts as they lie on the topic, made for the tests of the show."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

UNTIL: Final = datetime(2026, 11, 23, tzinfo=UTC)


def body(
    account_id: str, rule_id: str, severity: str, transition: str = "opened", *, day: int = -1, **more: str
) -> bytes:
    """One transition; `day` is counted from UNTIL, `more` is `tenant_id` or `resolution`."""
    at = UNTIL + timedelta(days=day, hours=12)
    return json.dumps(
        {
            "tenant_id": "demo",
            "account_id": account_id,
            "alert_id": f"{account_id} {rule_id}",
            "transition": transition,
            "polarity": "risk",
            "severity": severity,
            "rule_id": rule_id,
            "detected_at": at.isoformat(),
            "title": "A title",
            "explanation": "2.5% where 5% was expected.",
            "resolution": None,
            "fields of later": "are no matter",
            **more,
        }
    ).encode()
