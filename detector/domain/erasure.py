"""Forgetting a person (`stakeholder.erased`, rules.md R2.12): the id goes, what was counted stays.

In what is kept of events somebody without a name stands in their place, one for each person who was erased, so that
distinct people stay distinct. As a person of the account they are there no more. All times are epoch milliseconds.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import fingerprint_of
from detector.domain.state import Episode, span_name

PERSON: Final = "stakeholder"
_ID: Final = "stakeholder_id"
_ROLE: Final = "role"


def forget_person(account: Account, who: str, logs: Mapping[str, tuple[str, ...]], rules: Iterable[str]) -> None:
    """Forget the id of a person; `logs` are the fields that each log keeps, `rules` the ids of those about people."""
    record = account.record
    record.erased += 1
    nobody = f"erased#{record.erased}"
    role = account.role_of(who, None)
    for name, entries in record.logs.items():
        _rename(entries, logs.get(name), who, nobody, role)
    for goal in record.goals.values():
        goal.acks = sorted((at, nobody, role or carried) if one == who else (at, one, carried)
                           for at, one, carried in goal.acks)  # fmt: skip
        goal.setters = sorted((nobody, role or carried) if one == who else (one, carried)
                              for one, carried in goal.setters)  # fmt: skip
    record.people.pop(who, None)
    record.tracks.get(PERSON, {}).pop(who, None)
    for rule in rules:
        record.pending.pop(f"{rule}|{who}", None)
        record.spans.pop(span_name(rule, who), None)
        record.muted.pop(fingerprint_of(account.tenant_id, account.account_id, rule, PERSON, who), None)
    hot.forget_member(account.hot, hot.member_hash(who))


def _rename(entries: list[Any], fields: tuple[str, ...] | None, who: str, nobody: str, role: str | None) -> None:
    """Put nobody in the place of a person, with the role that was known; in a log of an older pack wherever it says so.

    An entry is [occurred_at, event hash, fields...].
    """
    for entry in entries:
        places = range(2, len(entry)) if fields is None else (2 + at for at, name in enumerate(fields) if name == _ID)
        for at in places:
            if entry[at] == who:
                entry[at] = nobody
                if role is not None and fields is not None and _ROLE in fields:
                    entry[2 + fields.index(_ROLE)] = role


def is_about(episode: Episode, who: str) -> bool:
    """Whether an alert is about this person."""
    return episode.kind == PERSON and episode.subject == who


def names(body: bytes, who: str) -> bool:
    """Whether the sentences or the evidence of a published body name a person; a short id may look like a word."""
    if not body:
        return False
    told = msgspec.json.decode(body)
    texts = [told["explanation"], told["clears_when"]["text"]]
    texts += [str(row[field]) for row in told["evidence"] for field in ("observed", "expected")]
    word = re.compile(rf"(?<!\w){re.escape(who)}(?!\w)")
    return any(word.search(text) for text in texts)
