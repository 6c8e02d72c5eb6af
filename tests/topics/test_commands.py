"""`detector topics apply|check` as a person runs them."""

import pytest
from click.testing import CliRunner, Result

from detector.topics_cli import topics


def run(*arguments: str) -> Result:
    return CliRunner().invoke(topics, arguments, env={"DETECTOR_CONFIG": None})


@pytest.fixture
def options(kafka: str, prefix: str) -> tuple[str, ...]:
    return ("--brokers", kafka, "--topic-prefix", prefix, "--app-id", f"{prefix}app", "--partitions", "2")


def test_check_says_what_apply_will_do_and_apply_says_what_it_did(options: tuple[str, ...], prefix: str) -> None:
    before = run("check", *options)
    assert before.exit_code == 1
    assert f"{prefix}usage.events.v1: missing\n" in before.stdout

    done = run("apply", *options)
    assert done.exit_code == 0, done.output
    assert f"{prefix}app-accounts-changelog: created\n" in done.stdout

    after = run("check", *options)
    assert (after.exit_code, after.stdout) == (0, "11 topics are as they must be\n")


def test_import_topics_are_asked_for_by_a_flag_or_by_the_setting(options: tuple[str, ...]) -> None:
    assert run("apply", *options, "--import").exit_code == 0
    assert run("check", *options, "--record-time", "create").exit_code == 0
    live = run("check", *options)
    assert live.exit_code == 1
    assert "usage.events.v1: message.timestamp.type is CreateTime, should be LogAppendTime\n" in live.stdout
