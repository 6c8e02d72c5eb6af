"""The kinds of value: points in time, whole numbers, text that may be shown."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fields import epoch_ms, whole
from schemas.refusal import escaped

NOON = 1_772_452_800_000  # 2026-03-02T12:00:00Z
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Aware = Annotated[datetime, msgspec.Meta(tz=True)]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-03-02T12:00:00Z", NOON),
        ("2026-03-02t12:00:00z", NOON),
        ("2026-03-02 12:00:00+00:00", NOON),
        ("2026-03-02T13:30:00+01:30", NOON),
        ("2026-03-02T07:00:00-0500", NOON),
        ("2026-03-02T12:00:00.001Z", NOON + 1),
        ("2026-03-02T12:00:00.0019999Z", NOON + 2),  # to microseconds, half up, and then down to milliseconds
        ("2026-03-02T12:00:00.00199949Z", NOON + 1),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.9995Z", -1),
        (NOON, NOON),
        (float(NOON), NOON),
    ],
)
def test_a_point_in_time_is_milliseconds(written: object, found: int) -> None:
    assert epoch_ms(written) == found


@pytest.mark.parametrize(
    "written",
    [
        *("", "now", "2026-03-02", "2026-03-02T12:00Z", "2026-03-02T12:00:00", "20260302T120000Z", "1772452800000"),
        *("2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T12:00:60Z"),
        *("2026-03-02T12:00:00+24:00", "2026-03-02T12:00:00+01:60", "2026-03-02T12:00:00.Z", "0000-01-01T00:00:00Z"),
        *("٢٠٢٦-03-02T12:00:00Z", "2026-03-02T12:00:00Z\n", " 2026-03-02T12:00:00Z"),
    ],
)
def test_what_is_no_point_in_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|month|hour|minute|second|year|day"):
        epoch_ms(written)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(
    at=st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - an offset is added
    fraction=st.text("0123456789", max_size=12),
    offset=st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_it_is_the_same_as_the_typed_decoder_finds(at: datetime, fraction: str, offset: int) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    point = f".{fraction}" if fraction else ""
    written = f"{at:%H:%M:%S}{point}{sign}{minutes // 60:02}:{minutes % 60:02}"
    written = f"{at.year:04}-{at.month:02}-{at.day:02}T{written}"
    found = msgspec.convert(written, Aware)
    assert epoch_ms(written) == (found - EPOCH) // timedelta(milliseconds=1)


def test_a_whole_number_may_have_a_point_and_nothing_after_it() -> None:
    assert [type(whole(each)) for each in (2.0, 2, 2.5, float("inf"), True, "2")] == [int, int, float, float, bool, str]


@given(text=st.text(max_size=260), longest=st.integers(1, 220))
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_what_is_shown_is_printable_ascii_no_longer_than_allowed_and_no_escape_is_cut(text: str, longest: int) -> None:
    shown = escaped(text, longest)
    assert len(shown) <= longest
    assert shown.isascii()
    assert shown.isprintable()
    assert text.startswith(shown.encode().decode("unicode_escape"))
