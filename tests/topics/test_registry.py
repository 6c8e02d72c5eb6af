"""The registry against the contract's table (events.md, section 1) and the measured needs of imports and changelogs."""

from datetime import timedelta

import pytest

from schemas.access import Acl, acls
from schemas.topics import (
    ALERTS,
    CONTROL,
    CRM,
    DEAD_LETTERS,
    FLEET,
    FOREVER_MS,
    HEALTH,
    IN_TOPICS,
    NOTICES,
    SUPPORT,
    USAGE,
    Topic,
    changelogs,
    topics,
)

DAY_MS = 86_400_000


def by_name(*given: Topic) -> dict[str, Topic]:
    return {topic.name: topic for topic in given}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        (USAGE, 75),
        (SUPPORT, 90),
        (CRM, 90),
        (ALERTS, 90),
        (NOTICES, 90),
        (DEAD_LETTERS, 14),
        (FLEET, 30),
        (CONTROL, 90),
    ],
)
def test_a_topic_keeps_its_records_as_long_as_the_contract_says(name: str, days: int) -> None:
    settings = by_name(*topics())[name].settings()
    assert settings["retention.ms"] == str(days * DAY_MS)
    assert settings["cleanup.policy"] == "delete"


def test_health_keeps_the_last_record_of_each_account() -> None:
    settings = by_name(*topics())[HEALTH].settings()
    assert settings["cleanup.policy"] == "compact"
    assert settings["retention.ms"] == "-1"


def test_all_topics_but_the_fleets_have_the_partitions_asked_for_and_the_brokers_time() -> None:
    for topic in topics(partitions=7, app_id="app"):
        assert topic.partitions == (1 if "fleet" in topic.name else 7), topic.name
        assert topic.timestamps == "LogAppendTime"


def test_a_prefix_begins_every_name_but_those_of_changelogs() -> None:
    names = {topic.name for topic in topics(prefix="eu-", app_id="eu-app")}
    assert all(name.startswith("eu-") for name in names)
    assert {"eu-app-accounts-changelog", "eu-app-fleet-changelog", "eu-usage.events.v1"} <= names


def test_imports_delete_nothing_and_take_any_time_on_in_topics_and_control_only() -> None:
    live, imported = topics(app_id="app"), topics(app_id="app", imports=True)
    assert {topic.name for topic in imported if topic.timestamps == "CreateTime"} == {*IN_TOPICS, CONTROL}
    for before, after in zip(live, imported, strict=True):
        settings = after.settings()
        if after.timestamps == "CreateTime":
            assert {settings["retention.ms"], settings["retention.bytes"]} == {"-1"}
            for name in ("segment.ms", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms"):
                assert settings[name] == str(FOREVER_MS)
        else:
            assert after == before


def test_one_variant_of_a_topic_names_the_same_settings_as_the_other() -> None:
    for live, imported in zip(topics(), topics(imports=True), strict=True):
        assert live.settings().keys() == imported.settings().keys()


def test_a_changelog_is_compacted_soon_and_in_small_segments() -> None:
    accounts, fleet = changelogs("app", partitions=24)
    assert (accounts.partitions, fleet.partitions) == (24, 1)
    settings = accounts.settings()
    assert settings["cleanup.policy"] == "compact"
    assert settings["min.cleanable.dirty.ratio"] == "0.1"
    assert int(settings["segment.bytes"]) == 64 << 20
    assert timedelta(milliseconds=int(settings["max.compaction.lag.ms"])) == timedelta(minutes=10)


@pytest.mark.parametrize(("replicas", "enough"), [(1, "1"), (2, "1"), (3, "2")])
def test_three_copies_need_two_to_acknowledge(replicas: int, enough: str) -> None:
    assert topics()[0].settings(replicas=replicas)["min.insync.replicas"] == enough


def test_the_worker_has_the_least_rights_it_needs() -> None:
    rights = [acl for acl in acls("app", prefix="eu-") if acl.principal == "worker"]
    written = {acl.name for acl in rights if acl.operation == "WRITE" and acl.resource == "TOPIC"}
    read = {acl.name for acl in rights if acl.operation == "READ" and acl.resource == "TOPIC"}
    assert not written & {f"eu-{name}" for name in IN_TOPICS}, "no worker writes events"
    assert not read & {f"eu-{name}" for name in (ALERTS, HEALTH, NOTICES, DEAD_LETTERS)}
    assert {"app-accounts-changelog", "eu-decay.control.v1"} <= written & read
    assert Acl("worker", "WRITE", "TRANSACTIONAL_ID", "app-", prefixed=True) in rights
    assert not {acl.operation for acl in rights} & {"CREATE", "ALTER_CONFIGS"}


def test_every_right_names_a_topic_of_the_registry_or_a_group_of_the_app() -> None:
    names = {topic.name for topic in topics(prefix="eu-", app_id="app")}
    for acl in acls("app", prefix="eu-"):
        assert acl.name in names if acl.resource == "TOPIC" else acl.name.startswith("app"), acl


def test_an_emitter_writes_its_own_topic_and_nothing_else() -> None:
    rights = [acl for acl in acls("app") if acl.principal == "crm-emitter"]
    assert rights == [Acl("crm-emitter", "WRITE", "TOPIC", CRM)]
