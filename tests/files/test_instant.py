import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.files.instant import LATEST, InstantParameter, rfc3339

CONVERT = InstantParameter()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1772442000000", 1_772_442_000_000),  # epoch milliseconds
        ("2026-03-02T09:00:00Z", 1_772_442_000_000),
        ("2026-03-02T10:00:00.5+01:00", 1_772_442_000_500),  # another zone
        ("2026-03-02", 1_772_409_600_000),  # a date is its first moment in UTC
        ("2026-03-02T09:00:00.0009Z", 1_772_442_000_000),  # finer than milliseconds: rounded down
    ],
)
def test_a_time_is_taken_in_each_form(text: str, expected: int) -> None:
    assert CONVERT.convert(text, None, None) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-03-02T09:00:00", "2026-13-01", "-5", "4102444800000", "1969-12-31T23:59:59Z", "٣"]
)
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        CONVERT.convert(text, None, None)


@given(st.integers(0, LATEST))
def test_a_time_is_written_as_it_is_read(instant: int) -> None:
    assert CONVERT.convert(rfc3339(instant), None, None) == instant
