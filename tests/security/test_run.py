"""One run of everything on a secure Kafka, under exactly the registry's rights; then what it left is looked through."""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import replay
from detector.brokers import connection
from detector.catalogue.pack import load_plan
from detector.domain.alerts import iso
from detector.domain.events import TOPIC_OF
from detector.files.read import read_files
from harness.load import DAY_MS, Load
from harness.process import HANGING_SECONDS
from harness.process import run as command
from harness.secure_kafka import SecureKafka
from harness.spine import Spine
from schemas.topics import ALERTS, CONTROL, DEAD_LETTERS, IN_TOPICS, USAGE
from tests.ops.worker_command import WorkerCommand
from tests.ops.worker_command import refused as refused_command
from tests.security import canaries
from tests.security.settings import settings_of
from tests.security.surface import dawdlers, listening

START_MS = 1_770_595_200_000  # Monday 2026-02-09: the contract's examples are of 2026-03-02
PARTITIONS = 2
PREFIX = "run-"
TOKEN = "canary-token-6f1d"  # noqa: S105 - nobody's
DAWDLERS = 200
PERSON = "zaphod.canary@heartofgold.example"
"""Where the contract wants an id."""

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform != "linux", reason="looks at sockets in /proc")]


@dataclass
class Ran:
    """What a run left behind."""

    alerts: list[bytes] = field(default_factory=list)
    read: list[bytes] = field(default_factory=list)
    replayed: list[bytes] = field(default_factory=list)
    letters: list[Any] = field(default_factory=list)
    log: str = ""
    few: str = ""
    many: str = ""
    sockets: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0
    unserved: dict[str, int] = field(default_factory=dict)
    probes: list[int] = field(default_factory=list)
    dawdled: int = 0
    seen_by_others: bytes = b""
    printed: str = ""
    counted: str = ""
    stay: tuple[int, str] = (0, "")
    moved: tuple[str, str] = ("", "")
    code: int | None = None
    secrets: tuple[str, ...] = ()
    data: list[Path] = field(default_factory=list)


def written(path: Path, events: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def few_accounts() -> Load:
    return Load(400, 10, START_MS, 12, seed=1)


def many_accounts() -> Load:
    return Load(1_200, 150, START_MS + 12 * DAY_MS, 18, seed=2)


def refused() -> Iterable[dict[str, Any]]:
    """Events that name a person by an e-mail address."""
    at = START_MS + 20 * DAY_MS
    for number in range(5):
        usage = {"event_type": "usage.recorded", "account_id": f"account-{number}", "stakeholder_id": PERSON}
        yield {"event_id": f"refused-{number}", "occurred_at": at, **usage}


def of_the_contract() -> Iterable[dict[str, Any]]:
    """Each example of the contract, recorded when it happened."""
    for event in canaries.examples():
        yield {**event, "_record_time": event["occurred_at"]}


async def _send_strangers(brokers: str, topic: str) -> int:
    """Send what `emit` would not, at a time between the other records', and count it."""
    events = list(canaries.strangers())
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for event in events:
            value, at = json.dumps(event).encode(), START_MS + 11 * DAY_MS
            await producer.send_and_wait(topic, value, key=b"acme", timestamp_ms=at)
    return len(events)


@pytest.fixture(scope="module")
def ran(secure: SecureKafka, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder, found = tmp_path_factory.mktemp("run"), Ran()
    spine = Spine(secure.back_door, PREFIX, folder, partitions=PARTITIONS)
    names = ("--topic-prefix", PREFIX)
    app = (*names, "--app-id", spine.app_id)
    command("topics", "acls", *app, "--brokers", secure.back_door, "--apply")
    command("topics", "apply", *app, *secure.login("provisioner"), "--partitions", str(PARTITIONS), "--import")
    first = written(folder / "first.ndjson", canaries.told(few_accounts().events()))
    command("emit", *names, *secure.login("importer"), "--until", iso(few_accounts().end_ms), str(first))
    strange = asyncio.run(_send_strangers(secure.back_door, PREFIX + USAGE))
    later = [*many_accounts().events(), *of_the_contract()]
    rest = written(folder / "rest.ndjson", [*canaries.told(later), *refused()])
    (folder / "token").write_text(TOKEN)
    options = (*app, *secure.login("worker"), "--record-time", "create", "--log-level", "debug")
    with WorkerCommand(*options, "--http-token-file", str(folder / "token"), folder=folder) as worker:
        _wait_for_records(worker, 400 + strange + 3 * PARTITIONS)
        found.few = worker.ask("/metrics", Authorization=f"Bearer {TOKEN}")[1]
        found.sockets, found.port = listening(worker.process.pid), worker.port
        for path in ("/", "/router/", "/table/", "/graph/", "/stats", "/metrics/", "/livez/"):
            found.unserved[path] = worker.ask(path)[0]
        with dawdlers(worker.port, DAWDLERS) as made:
            command("emit", *names, *secure.login("importer"), "--until", iso(many_accounts().end_ms), str(rest))
            _wait_for_records(worker, 400 + strange + len(later) + 5 + 2 * 3 * PARTITIONS)
            found.probes += [worker.ask(path)[0] for path in ("/livez", "/readyz")]
            found.dawdled = len(made)
        found.many = worker.ask("/metrics", Authorization=f"Bearer {TOKEN}")[1]
        process = Path(f"/proc/{worker.process.pid}")
        found.seen_by_others = b"\n".join((process / name).read_bytes() for name in ("cmdline", "environ"))
        found.code = worker.stop()
        found.log = worker.log.read_text()
    found.printed = command("settings", "show", *options, "--http-token-file", str(folder / "token"))
    operator = secure.login("dead-letter-operator")
    found.counted = command("dead-letters", "list", "--counts", *names, *operator)
    found.stay = refused_command("dead-letters", "replay", "0", "1", "--record-time", "create", *names, *operator)
    found.moved = _moved_state(secure, spine.app_id, folder)
    export = folder / "export.ndjson"
    command("export", *app, *secure.login("exporter"), str(export))
    replayed = Collected()
    log = read_files([export], topic_of=TOPIC_OF).log(None)
    replay(log, core_of(load_plan()), replayed.outputs(), topics=(*IN_TOPICS, CONTROL))
    found.replayed, found.alerts = replayed.alerts, spine.alerts()
    found.letters = spine.read(PREFIX + DEAD_LETTERS)
    found.read = asyncio.run(_alerts_by_a_reader(secure, len(found.alerts)))
    found.secrets = (TOKEN, *(file.read_text().strip() for file in secure.password_files()))
    found.data = [place for place in secure.cluster.nodes[0].data.iterdir() if place.name.startswith((PREFIX, "__"))]
    return found


def _moved_state(secure: SecureKafka, app_id: str, folder: Path) -> tuple[str, str]:
    """Put a snapshot into another app's changelog by `state-operator`; the digests of the state before and after."""
    names, login = ("--topic-prefix", PREFIX), secure.login("state-operator")
    moved = (*names, "--app-id", f"{app_id}-moved")
    command("topics", "acls", *moved, "--brokers", secure.back_door, "--apply")
    command("topics", "apply", *moved, *secure.login("provisioner"), "--partitions", str(PARTITIONS), "--import")
    command("snapshot", *names, "--app-id", app_id, *login, str(folder / "before"))
    command("reshard", *moved, *login, "--in-topics", "same", str(folder / "before"))
    command("snapshot", *moved, *login, str(folder / "after"))
    before, after = (json.loads((folder / name / "manifest.json").read_text()) for name in ("before", "after"))
    assert before["records"] > 100
    return before["digest"], after["digest"]


def _wait_for_records(worker: WorkerCommand, count: int) -> None:
    """Until the effect of so many is durable, of all topics together."""
    end = time.monotonic() + HANGING_SECONDS
    while time.monotonic() < end and worker.process.poll() is None:
        text = worker.ask("/metrics", Authorization=f"Bearer {TOKEN}")[1]
        told = re.findall(r"^detector_(?:events_applied|events_skipped|dlq)_total\{.*\} (\d+)", text, re.MULTILINE)
        if sum(map(int, told)) >= count:
            return
        time.sleep(0.2)
    raise AssertionError(worker.log.read_text()[-4_000:])


async def _alerts_by_a_reader(secure: SecureKafka, count: int) -> list[bytes]:
    """What a consumer of alerts reads, in a group of the name that the registry gives its kind."""
    way_in = connection(settings_of(secure.login("alert-reader")))
    consumer = AIOKafkaConsumer(
        PREFIX + ALERTS,
        **way_in,
        group_id=f"{PREFIX}app-alert-reader-crm",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            records = [await consumer.getone() for _ in range(count)]
            await consumer.commit()
    finally:
        await consumer.stop()
    return [record.value for record in sorted(records, key=lambda record: (record.partition, record.offset))]


def test_everything_works_under_exactly_the_rights_of_the_registry(ran: Ran) -> None:
    """Provisioner, importer, worker, exporter and reader, each with its own login; the alerts are those of a replay."""
    assert ran.code == 0
    assert len(ran.alerts) > 50
    assert ran.alerts == ran.replayed
    assert ran.read == ran.alerts
    assert "uthoriz" not in ran.log


def test_the_worker_listens_on_its_own_port_of_loopback_and_nothing_else(ran: Ran) -> None:
    assert ran.sockets == [("0100007F", ran.port)]


def test_nothing_is_served_but_three_paths(ran: Ran) -> None:
    assert set(ran.unserved.values()) == {404}


def test_clients_that_never_finish_do_not_stop_the_work(ran: Ran) -> None:
    assert ran.dawdled >= DAWDLERS
    assert ran.probes == [200, 200]


def test_no_secret_is_shown(ran: Ran) -> None:
    assert len(ran.secrets) > 5
    assert all(secret.startswith("canary-") for secret in ran.secrets)
    for secret in ran.secrets:
        assert secret not in ran.log + ran.few + ran.many + ran.printed
        assert secret.encode() not in ran.seen_by_others
    kept = b"".join(file.read_bytes() for place in ran.data for file in place.glob("*.log"))
    assert len(kept) > 100_000
    assert not [secret for secret in ran.secrets if secret.encode() in kept]


def test_names_addresses_and_free_text_stay_in_the_in_topics(ran: Ran) -> None:
    """200 of them, in free text, labels, fields and types that nobody knows, as sources; dead letters are originals."""
    raw = {PREFIX + topic for topic in (*IN_TOPICS, DEAD_LETTERS)}
    came = [place for place in ran.data if place.name.rpartition("-")[0] in raw]
    kept = [place for place in ran.data if place not in came]
    assert {canary for hits in canaries.found_below(came).values() for canary in hits} == set(canaries.EVERY)
    assert len(canaries.EVERY) == 200
    assert {place.name.rpartition("-")[0] for place in kept} > {PREFIX + ALERTS, f"{PREFIX}app-accounts-changelog"}
    assert canaries.found_below(kept) == {}
    for text in (ran.log, ran.few, ran.many):
        assert canaries.found_in(text.encode()) == set()


def test_a_person_named_by_an_address_is_refused_and_named_nowhere(ran: Ran) -> None:
    reasons = [dict(letter.headers)["dlq.reason"] for letter in ran.letters if PERSON.encode() in letter.value]
    assert reasons == [b"schema"] * 5
    details = [dict(letter.headers)["dlq.detail"].decode() for letter in ran.letters]
    assert not [detail for detail in details if PERSON in detail]
    assert PERSON not in ran.log + ran.many
    assert not [alert for alert in ran.alerts if PERSON.encode() in alert]


def test_the_state_is_moved_by_its_operator(ran: Ran) -> None:
    before, after = ran.moved
    assert before == after


def test_dead_letters_are_looked_at_by_their_operator(ran: Ran) -> None:
    """With its rights it comes so far as to judge each again, and none is better than before."""
    counts = [line.split() for line in ran.counted.splitlines()]
    assert sum(int(count) for *_, count in counts) == len(ran.letters) >= 5
    code, line = ran.stay
    assert line.startswith("detector: none would be taken now (")
    assert code == 74


def series(text: str) -> set[str]:
    """The names and labels of an exposition."""
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


def test_a_hundred_and_fifty_accounts_make_no_series_that_ten_did_not(ran: Ran) -> None:
    assert series(ran.many) == series(ran.few)
    assert len([name for name in series(ran.many) if "partition=" not in name]) <= 1_000
    assert len([name for name in series(ran.many) if "partition=" in name]) <= 12 * PARTITIONS


def test_every_line_of_the_log_is_one_object_without_a_control_character(ran: Ran) -> None:
    lines = ran.log.split("\n")
    assert lines.pop() == ""
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", ran.log)
