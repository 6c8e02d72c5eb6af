"""Why something is no event: the closed list of reasons, and a text that may be shown, logged and put in a header."""

import re
from typing import Final, Literal, get_args

Reason = Literal[
    "too_large",
    "bad_utf8",
    "bad_json",
    "not_object",
    "null_value",
    "bad_key",
    "key_mismatch",
    "misrouted",
    "unknown_type",
    "schema",
    "timestamp_out_of_range",
    "too_late",
    "unsupported_version",
    "internal",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
"""All of them, in the order of the contract; they are a metric label."""

LONGEST_DETAIL: Final = 200
"""Characters of a detail, escapes counted."""

_HALF_AN_ESCAPE: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:x[0-9a-f]?|u[0-9a-f]{0,3}|U[0-9a-f]{0,7})?$")


class Refused(Exception):  # noqa: N818 - a verdict, caught by the reader's caller, and no error of ours
    """Something is no event: a reason, what is wrong with it, and who sent what, as far as that can be told."""

    def __init__(self, reason: Reason, detail: str, *, source: str = "unknown", event_type: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Final = reason
        self.detail: Final = detail
        self.source: Final = source
        self.event_type: Final = event_type


def escaped(text: str, longest: int = LONGEST_DETAIL) -> str:
    """Give a text as at most `longest` printable ASCII characters; whatever is not printable ASCII is escaped."""
    shown = text[:longest].encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= longest else _HALF_AN_ESCAPE.sub(r"\1", shown[:longest])
