"""The shared broker as the tests see it."""

import pytest
from kafka import KafkaAdminClient


def test_the_shared_broker_answers_and_its_tests_are_marked(kafka: str, request: pytest.FixtureRequest) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        assert admin.list_topics() is not None
    finally:
        admin.close()
    assert request.node.get_closest_marker("broker") is not None


def test_every_test_has_names_of_its_own(prefix: str, topic: str) -> None:
    assert prefix.startswith("test-every-test-has-names-of-its-own-")
    assert topic.startswith(prefix)
