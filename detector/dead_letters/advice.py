"""What to do about a dead letter, by its reason: a sentence for the operator who looks at it."""

from collections.abc import Mapping
from typing import Final

from schemas.refusal import REASONS, Reason

ADVICE: Final[Mapping[Reason, str]] = {
    "too_large": "The emitter must send facts, not documents: at most 256 KiB a record.",
    "bad_utf8": "The emitter's text is not UTF-8: have its serialiser mended.",
    "bad_json": "The emitter's text is not JSON as RFC 8259 has it: have its serialiser mended.",
    "not_object": "The emitter must send one JSON object a record.",
    "null_value": "There are no tombstones on the in-topics: to erase an account or a person send the event for it.",
    "bad_key": "The emitter must set the record's key: the account_id, as UTF-8.",
    "key_mismatch": "The record's key must be the event's account_id: have the emitter set it so.",
    "misrouted": "The emitter must use the Java client's partitioner (librdkafka: partitioner=murmur2_random) and name"
    " no partition itself. Then replay: the record goes where its key belongs.",
    "unknown_type": "A typing error, or an emitter newer than this detector: upgrade it, then replay. Further ones of a"
    " day are only in the in-topic.",
    "schema": "The detail names the field: compare with the JSON Schema of the type. Have the emitter mended; or, if"
    " the field is newer than this detector, upgrade it, then replay.",
    "timestamp_out_of_range": "Look at the emitter's clock and unit (milliseconds). What was only early can be replayed"
    " once its time has come.",
    "too_late": "It is history: usage, tickets, surveys and touches are counted up to 70 days back. Send it to import"
    " topics.",
    "unsupported_version": "The emitter is newer than this detector: upgrade it, then replay.",
    "internal": "A mistake of the detector: report it; after the mending release replay.",
}
"""Every reason has one; what was mended by the emitter comes again as a new record, with the same event_id."""


def advice(reason: str) -> str:
    """What to do; a reason of another release has only general advice."""
    known = {str(one): ADVICE[one] for one in REASONS}
    return known.get(reason, "It is of another release of the detector: look there.")
