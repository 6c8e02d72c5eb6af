"""What all tests share: one real Apache Kafka for the session, and names in it that no other test has."""

import os
import re
import signal
import sys
import uuid
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from detector.localkafka import Cluster

settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let Ctrl-C be heard again: in the background of a shell it is ignored, by all that the tests start too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the broker, by whatever fixture, is marked `broker`; `make check` leaves it out."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.broker)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Let `no_cover` be true: in a process of xdist pytest-cov has two collectors, and pauses one of them."""
    traced = sys.gettrace()
    if item.get_closest_marker("no_cover"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(traced)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of a real broker that all tests of the session share; DETECTOR_TEST_BROKER names a running one.

    A test that stops or kills brokers starts a `Cluster` of its own (and carries the marker `broker` itself).
    """
    running = os.environ.get("DETECTOR_TEST_BROKER")
    if running:
        yield running
        return
    with Cluster() as cluster:
        yield cluster.bootstrap


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Begins the names of this test's topics, groups and apps; legal in all of them, unique, ends with a hyphen."""
    name = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name)[:40].strip("-")
    return f"{name}-{uuid.uuid4().hex[:8]}-"


@pytest.fixture
def topic(prefix: str) -> str:
    """The name of one topic that no other test has; the test creates it."""
    return f"{prefix}topic"
