"""What `no_cover` marks runs untraced: counting branches makes a year of an account three times as long."""

import sys

import pytest


@pytest.mark.no_cover
def test_nothing_traces_what_is_not_to_be_counted() -> None:
    assert sys.gettrace() is None
