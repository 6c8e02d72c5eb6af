"""The kinds of value that events are made of: ids, names, numbers, instants, dates.

A kind says what the models take and, by `Kept`, the alias under which the domain's generated Structs keep it.
JSON has one kind of number: `2.0` is a whole number here as it is in JSON Schema; `true` and `"2"` are not.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema


class Kept(NamedTuple):
    """How the domain keeps a kind: its alias there, and whether the typed decoder alone can vouch for a value of it."""

    alias: str
    vouched: bool = True


class NeverKept:
    """Marks a field that is accepted and checked, and never kept: names and free text."""


LARGEST: Final = 2**53
"""Numbers lie between -2^53 and 2^53, ends excluded: what every reader of JSON holds exactly."""
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
MOST_NAMES: Final = 20
"""Of labels, and of traits."""
EARLIEST_INSTANT: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1000
LATEST_INSTANT: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp()) * 1000
EARLIEST_DATE: Final = date(1900, 1, 1)
LATEST_DATE: Final = date(2999, 12, 31)

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_email: Final = re.compile(_EMAIL)


def whole(value: object) -> object:
    """Give 2 for 2.0; anything else is left to be judged as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def epoch_ms(value: object) -> object:
    """Give epoch milliseconds of RFC 3339 text with an offset; a number is left as it is.

    A fraction is rounded to microseconds, half up, then down to milliseconds, as the typed decoder does it.

    Raises:
        ValueError: if the text is no point in time, or has no offset.
    """
    if not isinstance(value, str):
        return whole(value)
    found = _RFC3339.fullmatch(value)
    if found is None:
        raise ValueError("neither RFC 3339 with an offset nor integer epoch milliseconds")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, hours, minutes = found.groups()[6:]
    at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    seconds = (at.toordinal() - _EPOCH_DAY) * 86_400 + hour * 3600 + minute * 60 + second
    if sign is not None:
        seconds -= int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60)
    digits = (fraction or "0").ljust(7, "0")
    return (seconds * 1_000_000 + int(digits[:6]) + (digits[6] >= "5")) // 1000


def _date_of(value: object) -> object:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("not a date as YYYY-MM-DD")


def few(value: object) -> object:
    """Refuse more than 20 names before looking at what they hold: an answer to 10,000 would explain each of them."""
    if isinstance(value, dict) and len(value) > MOST_NAMES:
        raise ValueError(f"more than {MOST_NAMES} names")
    return value


def _no_email(value: str) -> str:
    if _email.match(value):
        raise ValueError("shaped like an e-mail address; send an id")
    return value


_LENGTH_OF_ID: Final = Field(min_length=1, max_length=128)
_NAME_LENGTH: Final = Field(min_length=1, max_length=64)

EventId = Annotated[str, _LENGTH_OF_ID, Kept("Id")]
"""The emitter's own id of an event: any 1 to 128 characters."""
Id = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=PRINTABLE, json_schema_extra={"not": {"pattern": _EMAIL}}),
    AfterValidator(_no_email),
    Kept("Id"),
]
"""1 to 128 printable characters: no control characters, no line separators. Ids are passed on and published, so one
that is shaped like an e-mail address is refused."""
PersonId = Id
"""The id of a person."""
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE), Kept("Name")]
"""A short name of 1 to 64 printable characters."""
Text = Annotated[str, Field(max_length=4096), NeverKept()]
"""Free text of at most 4096 characters; never kept."""
Labels = Annotated[
    dict[Annotated[str, _LENGTH_OF_ID], Annotated[str, Field(max_length=4096)]],
    Field(max_length=MOST_NAMES),
    BeforeValidator(few),
    NeverKept(),
]
"""At most 20 labels; never kept."""
Version = Annotated[
    Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){0,2}$")] | Annotated[int, Field(ge=0, lt=10_000)],
    Kept("Version"),
]
"""A version of this contract, `1.0` or just its major, 1."""

Count = Annotated[int, Field(ge=1, lt=LARGEST), BeforeValidator(whole), Kept("Count")]
"""A whole number from 1."""
Amount = Annotated[int, Field(ge=0, lt=LARGEST), BeforeValidator(whole), Kept("Amount")]
"""A whole number from 0."""
Minor = Annotated[int, Field(gt=-LARGEST, lt=LARGEST), BeforeValidator(whole), Kept("Minor")]
"""Money in whole minor units of its currency; a credit is negative."""
Number = Annotated[float, Field(gt=-LARGEST, lt=LARGEST, allow_inf_nan=False), Kept("Number")]
"""Any finite number."""
Seconds = Annotated[float, Field(ge=0, lt=LARGEST, allow_inf_nan=False), Kept("Seconds")]
"""A duration in seconds, from 0."""
Sentiment = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Kept("Sentiment")]
"""-1 (angry) to 1 (delighted)."""
Rating = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), Kept("Rating")]
"""0 (worst) to 100 (best)."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), Kept("Currency", vouched=False)]
"""An ISO 4217 code."""
TimeZone = Annotated[
    str,
    Field(max_length=64, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"),
    Kept("TimeZone", vouched=False),
]
"""An IANA zone name, `Europe/Berlin`; one that nobody knows counts as UTC."""

_DATE_TIME: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}

OccurredAt = Annotated[
    int,
    Field(ge=-(2**63), lt=2**63),
    BeforeValidator(epoch_ms),
    WithJsonSchema({"anyOf": [{"type": "integer"}, _DATE_TIME]}),
    Kept("Instant"),
]
"""When it happened, in 64 bits; the range that is allowed depends on the record and is the decoder's to check."""
Instant = Annotated[
    int,
    Field(ge=EARLIEST_INSTANT, lt=LATEST_INSTANT),
    BeforeValidator(epoch_ms),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": EARLIEST_INSTANT, "exclusiveMaximum": LATEST_INSTANT},
                _DATE_TIME,
            ]
        }
    ),
    Kept("Instant", vouched=False),
]
"""A point in time: RFC 3339 with an offset or integer epoch milliseconds, from the year 2000, before 3000."""
Date = Annotated[
    date,
    Field(ge=EARLIEST_DATE, le=LATEST_DATE),
    BeforeValidator(_date_of),
    WithJsonSchema({"type": "string", "format": "date"}),
    Kept("date", vouched=False),
]
"""A calendar date in the account's zone, from 1900 to 2999."""
