"""`detector dead-letters list|show|replay` on a real Kafka, beside a worker that goes on."""

import asyncio
import json
import time
from pathlib import Path
from zlib import crc32

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from detector.cli import run as run_command
from detector.codec import partition_of
from detector.dead_letters.cli import dead_letters
from harness.spine import Spine
from schemas.topics import DEAD_LETTERS, USAGE

PARTITIONS = 4
ACCOUNT = "globex"
KEY = ACCOUNT.encode()
HOME, ELSEWHERE = partition_of(KEY, PARTITIONS), crc32(KEY) % PARTITIONS


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(dead_letters, arguments, env={"DETECTOR_CONFIG": None})


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and the one line of a command that refuses."""
    code = run_command(["dead-letters", *arguments])
    (said,) = capsys.readouterr().err.splitlines()
    return code, said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--topic", "nope"), "'nope' is none of usage.events.v1, support.events.v1, crm.events.v1"),
        (("--since", "2026-01-02", "--until", "2026-01-01"), "--since must be before --until"),
        (("--since", "2026-01-02", "--until", "2026-01-02"), "--since must be before --until"),
    ],
)
def test_a_filter_that_can_find_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """Else a slip of the pen looks as if all were well."""
    code, said = refusal(capsys, "list", "--brokers", "127.0.0.1:1", *arguments)
    assert code == 2
    assert told in said


def event(name: str, **fields: object) -> bytes:
    ticket = {"ticket_id": name, "priority": "normal", "category": "question", "source": "desk"}
    at = int(time.time() * 1_000)
    whole = {"event_id": name, "event_type": "ticket.created", "account_id": ACCOUNT, "occurred_at": at, **ticket}
    return json.dumps(whole | fields).encode()


async def send(broker: str, topic: str) -> None:
    """Five tickets: one is taken, two are where librdkafka's default puts them, one is no JSON, one has a bad field."""
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        for value, place in (
            (event("t1"), HOME),
            (event("t2"), ELSEWHERE),
            (event("t3"), ELSEWHERE),
            (b"{\x1b[2J", HOME),
            (event("t5", priority="soon"), HOME),
        ):
            await producer.send_and_wait(topic, value, key=KEY, partition=place, headers=[("trace", b"\x00\xff")])
    finally:
        await producer.stop()


def looked_at(where: tuple[str, ...], prefix: str, names: set[str], saved: Path) -> str:
    """List and show them; gives the name of the one that is no JSON."""
    listed = asked("list", *where)
    assert listed.stderr == "4 dead letters: misrouted 2, bad_json 1, schema 1\n"
    rows = [row.split("  ") for row in listed.stdout.splitlines()]
    assert sorted(row[2] for row in rows) == ["bad_json", "misrouted", "misrouted", "schema"]
    assert {row[0] for row in rows} == names
    assert "partitioner=murmur2_random" in listed.stdout
    only = asked("list", *where, "--reason", "misrouted", "--topic", USAGE, "--limit", "1")
    assert only.stderr == "2 dead letters: misrouted 2, the latest 1 are shown (--limit 0 shows all)\n"
    counts = asked("list", *where, "--counts").stdout.splitlines()
    assert counts == [f"{prefix}{USAGE}  {what}" for what in ("bad_json  1", "misrouted  2", "schema  1")]
    assert asked("list", *where, "--since", "2099-01-01").stderr == "0 dead letters\n"
    garbled = next(row[0] for row in rows if row[2] == "bad_json")
    shown = asked("show", garbled, *where, "--value-to", str(saved))
    assert r"{\x1b[2J" in shown.stdout
    assert "trace: \\x00\\xff" in shown.stdout
    assert "what to do   The emitter's text is not JSON" in shown.stdout
    assert saved.read_bytes() == b"{\x1b[2J"
    return garbled


@pytest.mark.broker
def test_dead_letters_are_listed_shown_and_sent_again(
    kafka: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was misrouted is applied after all, once, however often it is sent; what no replay can help stays."""
    spine = Spine(kafka, prefix, tmp_path, partitions=PARTITIONS, live=True)
    spine.apply_topics()
    where = ("--brokers", kafka, "--topic-prefix", prefix)
    assert HOME != ELSEWHERE
    letters, everything = prefix + DEAD_LETTERS, [str(number) for number in range(PARTITIONS)]
    assert refusal(capsys, "replay", *everything, *where)[1].startswith("detector: no dead letter is meant by this")
    asyncio.run(send(kafka, prefix + USAGE))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, 5)
        names = {f"{letter.partition}:{letter.offset}" for letter in spine.read(letters)}
        garbled = looked_at(where, prefix, names, tmp_path / "value")
        code, said = refusal(capsys, "show", "0:999", *where)
        assert (code, said) == (74, "detector: there is no dead letter 0:999 — `detector dead-letters list` names them")
        assert refusal(capsys, "list", "9:1", *where)[0] == 78
        code, said = refusal(capsys, "replay", garbled, *where)
        assert code == 74
        assert said.startswith("detector: none would be taken now (1 dead letter: bad_json 1)")
        dry = asked("replay", *everything, *where, "--dry-run")
        assert dry.stdout.count("would go to") == 2
        assert dry.stdout.count("stays: bad_json again") == dry.stdout.count("stays: schema again") == 1
        assert dry.stderr == "2 would be sent again, 2 would stay\n"
        assert len(spine.read(prefix + USAGE)) == 5, "a dry run sends nothing"
        assert refusal(capsys, "replay", "0", *where, "--record-time", "create")[0] == 78

        before = spine.state()
        assert asked("replay", *everything, "0:0-", *everything, *where).stderr == "2 sent again, 2 stay\n"
        spine.wait_until_applied(worker, 7)
        after, alerts = spine.state(), spine.alerts()
        assert before != after, "the two tickets were applied"
        home = [record for record in spine.read(prefix + USAGE) if record.partition == HOME]
        assert [(record.key, record.headers) for record in home[-2:]] == [(KEY, (("trace", b"\x00\xff"),))] * 2
        assert [json.loads(record.value)["event_id"] for record in home[-2:]] == ["t2", "t3"]
        assert asked("replay", *everything, *where, "--reason", "misrouted").stderr == "2 sent again, 0 stay\n"
        spine.wait_until_applied(worker, 9)
        assert worker.stop() == 0
    assert (spine.state(), spine.alerts()) == (after, alerts), "sent twice, it changes nothing more"
    assert len(spine.read(letters)) == 4
