"""P16: an account with half of all events stays small and does not stop the others."""

from msgspec.structs import replace

from detector.codec import partition_of
from detector.domain.state import account_path, hot_key, record_key
from tests.faults.promise import Promise
from tests.faults.stage import Stage

CAP_BYTES = 64 << 10
HOT = "account-00000"


def play(stage: Stage) -> None:
    """Half of the load becomes one account's: its state is bounded, and no record is too large to be written."""
    events, accounts = stage.sized(short=(10_000, 200), full=(100_000, 5_000))
    feed = stage.feed(events, accounts, days=30)
    for number, record in enumerate(feed.records):
        if stage.random.random() < 0.5 and record.value and record.key:
            feed.records[number] = replace(
                record,
                key=HOT.encode(),
                value=record.value.replace(record.key, HOT.encode()),
                partition=partition_of(HOT.encode(), feed.partitions),
            )
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        work.send()
        with work.crew(1) as crew:
            seconds = work.settle(crew)
        stage.judge(work)
        states = work.states()
        path = account_path("default", HOT)
        sizes = [len(states[key(path)]) for key in (record_key, hot_key)]
        stage.figure("bytes of its record and hot block", sizes)
        stage.figure("records/s", feed.count / seconds)
        assert sum(sizes) <= CAP_BYTES, f"its state has {sizes} bytes"
        logs = "".join(hand.log.read_text() for hand in crew.everybody)
        assert "MessageSizeTooLarge" not in logs, "a record was too large"
        assert not any(code for code in crew.exits), f"exits: {crew.exits}"
        stage.rounds_done = 1


PROMISE = Promise("P16", "a hot account stays small and lets the others be", play)
