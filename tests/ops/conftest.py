"""Logs of a test go to a text of its own, and the process's logging is put back afterwards."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from detector import logs

Configure = Callable[..., io.StringIO]


@pytest.fixture
def configure() -> Iterator[Configure]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def to_text(**options: Any) -> io.StringIO:
        stream = io.StringIO()
        logs.configure(stream=stream, **{"format": "json", **options})
        return stream

    yield to_text
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
