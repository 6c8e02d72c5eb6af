"""What an account keeps of events, apart from what the order of their arrival may leave."""

from collections.abc import Iterable

from detector.domain import hot
from detector.domain.features import (
    feature_first_used,
    feature_hash,
    feature_last_used,
    features_complete_from,
    features_used,
    newcomers,
)
from detector.domain.members import distinct_in_months
from detector.domain.state import AccountRecord, decode_account_record, encode_record
from detector.domain.watched import counted_from, person_counts, watched


def facts_of(record: bytes, block: bytes, days: tuple[int, int], features: Iterable[str]) -> bytes:
    """The facts in an account's record and hot block, without ids, alerts, deadlines and record times.

    Usage is asked for by the day (`days`: the first and the last, as day numbers) and by these features.
    """
    stored, usage = decode_account_record(record), bytearray(block)
    kept = AccountRecord(profile=stored.profile, people=stored.people, goals=stored.goals, marks=stored.marks)
    kept.tracks, kept.logs = stored.tracks, stored.logs
    newest = hot.newest_day(usage) or 0
    months = range(newest // 30 - 7, newest // 30 + 1)
    found: list[object] = [
        (hot.last_usage(usage), hot.first_usage(usage), hot.first_seen(usage), hot.active_users(usage)),
        (hot.newest_day(usage), hot.day_counts(usage, *days)),
        [(who, counted_from(usage, who), person_counts(usage, who, *days)) for who in watched(usage)],
        (sorted(newcomers(usage)), features_complete_from(usage)),
        [features_used(usage, newest - back, 28) for back in range(8)],
        [(feature_last_used(usage, name), feature_first_used(usage, name)) for name in map(feature_hash, features)],
        (hot.distinct_members(usage, days[0]), [distinct_in_months(usage, month, month) for month in months]),
    ]
    return encode_record(kept) + repr(found).encode()
