"""What the decoder's other half writes: alerts, health snapshots and dead letters, as the contract has them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from detector.codec import encode_alert, encode_dead_letter, encode_health
from detector.domain import alerts, verdict
from detector.domain.alerts import alert_id_of, fingerprint_of
from detector.domain.health import Due, Forgotten, SilenceNote
from detector.domain.health import Health as HealthBody
from detector.domain.record import DeadLetter, Record, Reject
from schemas.alert import Alert
from schemas.dead_letter import DeadLetterHeaders
from schemas.generate import ROOT
from schemas.health import Health
from tests.codec.records import NOW, record, reject_of, text, usage

EXAMPLES = ROOT / "schemas/examples"
ALERTS = sorted((EXAMPLES / "alert/valid").glob("*.json"))


def finding(path: Path) -> alerts.Alert:
    """An example as the domain makes it."""
    told = msgspec.json.decode(path.read_bytes())
    trigger = alerts.DeadlineTrigger if "deadline" in told["trigger"] else alerts.RecordTrigger
    parts = {
        "subject": alerts.Subject(**told["subject"]),
        "evidence": tuple(verdict.Evidence(**each) for each in told["evidence"]),
        "clears_when": verdict.Clears(**told["clears_when"]),
        "recommended_action": alerts.RecommendedAction(**told["recommended_action"]),
        "value_index": alerts.ValueIndex(**told["value_index"]),
        "trigger": trigger(**told["trigger"]),
        "suppressed_by": tuple(told["suppressed_by"]),
    }
    return alerts.Alert(**(told | parts))


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.stem)
def test_an_alert_is_written_as_the_contract_has_it(path: Path) -> None:
    body = finding(path)
    key, value, headers = encode_alert(body)
    assert key == body.account_id.encode()
    assert Alert.model_validate_json(value) == Alert.model_validate_json(path.read_bytes())
    assert list(msgspec.json.decode(value)) == list(msgspec.json.decode(path.read_bytes())), "in the contract's order"
    assert value.startswith(b'{"schema_version":"1.0","tenant_id":'), "compact"
    told = dict(headers)
    assert told["ce_specversion"] == b"1.0"
    assert told["ce_id"] == f"{body.alert_id}.{body.revision}".encode()
    assert told["ce_type"] == f"decay.alert.{body.transition}".encode()
    assert {"ce_source", "ce_time", "ce_subject", "content-type"} < set(told)


def test_the_ids_of_the_examples_are_those_of_the_contracts_vector() -> None:
    body = finding(EXAMPLES / "alert/valid/opened.json")
    parts = ("default", "acme", "support.flood", "feature", "export")
    assert body.alert_id == alert_id_of(*parts, body.opened_at) == "1c1392ba0463fae5a650b541b2dbf13b"
    assert body.fingerprint == fingerprint_of(*parts) == "3bf24aa0fe9ebf69c0d8909ecca0938a"


def snapshot(**fields: Any) -> HealthBody:
    opened = (EXAMPLES / "alert/valid/opened.json").read_bytes()
    body: dict[str, Any] = {
        "schema_version": "1.0",
        "tenant_id": "default",
        "account_id": "acme",
        "as_of": "2026-03-02T09:00:00.000Z",
        "value_index": None,
        "confidence": None,
        "families": {},
        "grade": "insufficient_data",
        "open_alerts": (msgspec.Raw(opened),),
        "not_armed": ("contact.dark",),
        "not_warm": (),
        "silences": (SilenceNote("usage.dark", "holiday", "2026-02-20T00:00:00.000Z"),),
        "next_deadline": None,
        "obligations": (Due("incident.untold", "INC-7", "2026-03-02T09:30:00.000Z", "vendor"),),
        "trend": None,
        "days_until_at_risk": None,
    }
    return HealthBody(**(body | fields))


def test_a_snapshot_is_written_as_the_contract_has_it_with_the_bodies_of_the_open_alerts() -> None:
    key, value, headers = encode_health(snapshot())
    assert (key, value is None) == (b"default/acme", False)
    found = Health.model_validate_json(value or b"")
    assert set(msgspec.json.decode(value or b"")) == set(Health.model_fields)
    assert found.open_alerts[0].rule_id == "support.flood"
    assert headers == [("content-type", b"application/json")]


def test_of_a_forgotten_account_a_tombstone_is_written_under_the_key_of_its_snapshots() -> None:
    assert encode_health(Forgotten("a/b", "50%")) == (b"a%2Fb/50%25", None, [])


def test_no_two_accounts_share_the_key_of_a_snapshot() -> None:
    ids = ["a", "a/b", "a%2Fb", "b", "%", "/", "a%", "%2F", "é/"]
    keys = {encode_health(snapshot(tenant_id=one, account_id=two))[0] for one in ids for two in ids}
    assert len(keys) == len(ids) ** 2
    assert encode_health(snapshot(tenant_id="a/b", account_id="50%"))[0] == b"a%2Fb/50%25"


def test_a_dead_letter_keeps_key_value_and_headers_and_says_what_was_wrong_and_where() -> None:
    value = text(usage(count=0))
    sent = (("traceparent", b"\x00\xff"), ("dlq.reason", b"of a former life"))
    raw = Record(offset=20417, timestamp=NOW, key=b"acme", value=value, headers=sent)
    key, kept, headers = encode_dead_letter(DeadLetter("usage.events.v1", 3, raw, reject_of(raw)))
    assert (key, kept, tuple(headers[:2])) == (b"acme", value, sent)
    told = DeadLetterHeaders.model_validate({name: text.decode() for name, text in headers[2:]})
    assert told == DeadLetterHeaders.model_validate(
        {
            "dlq.reason": "schema",
            "dlq.detail": "count: Input should be greater than or equal to 1",
            "dlq.topic": "usage.events.v1",
            "dlq.partition": "3",
            "dlq.offset": "20417",
            "dlq.timestamp": str(NOW),
            "dlq.version": "1.0",
        }
    )
    assert [name for name, _ in headers].index("dlq.reason") == 1, "the former one stays where it was"


def test_a_dead_letter_of_a_tombstone_is_one_too() -> None:
    raw = record(None, key=None, timestamp=-1)
    key, value, headers = encode_dead_letter(DeadLetter("crm.events.v1", 0, raw, Reject("null_value", "no value")))
    assert (key, value) == (None, None)
    assert dict(headers)["dlq.timestamp"] == b"-1"


def test_of_a_header_s_name_what_is_not_utf_8_is_written_escaped() -> None:
    raw = Record(9, 5, b"k", b"{}", [("n\udcffé", b"1"), ("имя", b"2")])
    _, _, headers = encode_dead_letter(DeadLetter("crm.events.v1", 0, raw, Reject("bad_utf8", "a name")))
    assert [name for name, _ in headers[:2]] == ["n\\xffé", "имя"]


@pytest.mark.parametrize(
    ("key", "value", "headers", "kept", "said"),
    [
        (4, (1 << 20) - 4, 0, (4, (1 << 20) - 4, 0), "5 bytes"),
        (4, (1 << 20) - 3, 0, (4, None, 0), "the value of 1048573 bytes; 5 bytes"),
        (4, 5 << 20, 2, (4, None, 2), "the value of 5242880 bytes; 5 bytes"),
        (4, None, 200_000, (4, None, 0), "200000 headers of 2800000 bytes; 5 bytes"),
        (2 << 20, 9, 0, (None, None, 0), "the value of 9 bytes, the key of 2097152 bytes; 5 bytes"),
    ],
)
def test_a_dead_letter_stays_below_what_its_topic_takes_and_says_what_it_left_out(
    key: int, value: int | None, headers: int, kept: tuple[int | None, int | None, int], said: str
) -> None:
    """A record that was compressed well may be far larger than any that the producer may send."""
    raw = Record(9, 5, b"k" * key, None if value is None else b"v" * value, [("h", b"abc")] * headers)
    found_key, found_value, found = encode_dead_letter(DeadLetter("t", 0, raw, Reject("too_large", "5 bytes")))
    sizes = tuple(None if part is None else len(part) for part in (found_key, found_value))
    assert (*sizes, len(found) - 7) == kept
    detail = dict(found)["dlq.detail"].decode()
    assert detail.endswith(said)
    assert (detail == said) == (kept == (key, value, headers))
