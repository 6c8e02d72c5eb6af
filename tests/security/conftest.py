"""One secure Kafka for the tests of this folder; they are of one group, so that it is started once."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from harness.secure_kafka import SecureKafka


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the secure broker is marked `broker`, and runs in the process that has it."""
    for item in items:
        if "secure" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.broker)
            item.add_marker(pytest.mark.xdist_group("secure"))


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """A broker with TLS, logins, client certificates and rights; nobody has any right yet."""
    with SecureKafka(tmp_path_factory.mktemp("secure")) as kafka:
        yield kafka


@pytest.fixture(autouse=True)
def _nothing_is_left_of_who_was_refused() -> Iterator[None]:
    """A client that is refused in the middle leaves its transport behind: it is this test's, not the next one's."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
