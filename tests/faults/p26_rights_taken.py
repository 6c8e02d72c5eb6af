"""P26: who does not belong is refused with a reason; a right taken away ends a worker, and no offset runs ahead."""

import re
import subprocess
import time
from typing import Final

from detector.errors import AUTH, TEMPORARY
from detector.grants import grant
from harness.secure_kafka import SecureKafka
from schemas.access import Acl, acls
from schemas.topics import ALERTS, DEAD_LETTERS, USAGE
from tests.faults.crew import Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work
from tests.ops.worker_command import refused
from tests.security.mistakes import MISTAKES, PASSWORD
from tests.security.settings import flags_of

LIMIT_SECONDS: Final = 30.0


def rights_of(work: Work) -> list[Acl]:
    """What the worker of these topics may do."""
    return [acl for acl in acls(work.app_id, prefix=work.prefix) if acl.principal == "worker"]


def taken(work: Work) -> dict[str, Acl]:
    """The rights that are taken away, one a round, by what they are for."""
    return {
        "reading events": Acl("worker", "READ", "TOPIC", work.prefix + USAGE),
        "its group": Acl("worker", "READ", "GROUP", work.app_id),
        "its transactions": Acl("worker", "WRITE", "TRANSACTIONAL_ID", f"{work.app_id}-", prefixed=True),
        "publishing alerts": Acl("worker", "WRITE", "TOPIC", work.prefix + ALERTS),
        "keeping dead letters": Acl("worker", "WRITE", "TOPIC", work.prefix + DEAD_LETTERS),
        "keeping its state": Acl("worker", "WRITE", "TOPIC", f"{work.app_id}-accounts-changelog"),
    }


def play(stage: Stage) -> None:
    """Take one right after the other from a worker at work; give it back, and let another worker go on."""
    events, accounts = stage.sized(short=(2_500, 80), full=(20_000, 600))
    folder = stage.folder / "secure"
    folder.mkdir()
    with SecureKafka(folder) as kafka:
        login = flags_of(kafka.login("worker"))
        way_in = {"bootstrap_servers": [kafka.back_door]}
        (password,) = (file.read_text().strip() for file in kafka.password_files())
        for number in stage.rounds(short=6, full=12):
            work = stage.work(kafka.back_door, stage.feed(events, accounts))
            grant(way_in, rights_of(work), users={})
            name, right = list(taken(work).items())[(number - 1) % 6]
            stage.say(f"without the right of {name}")
            work.send()
            hand = work.hire(slow_ms=60, **login)
            hand.hear("CHECKPOINT", times=2)
            kafka.revoke(right)
            code, seconds = ended(hand)
            assert work.behind() > 0, "the load was done before the right was taken"
            again = work.hire(**login)
            stage.figure(name, f"{code} after {seconds:.1f} s, then {ended(again)[0]}")
            assert again.process.returncode == AUTH, again.last_words()
            for one in (hand, again):
                assert password not in one.log.read_text()
                assert "Traceback" not in one.log.read_text(), one.log.read_text()
            assert re.search("uthoriz|no right|does not permit", hand.log.read_text()), hand.last_words()
            grant(way_in, [right], users={})
            with work.crew(1, **login) as crew:
                work.settle(crew)
            stage.judge(work)


def mistaken(stage: Stage) -> None:
    """Start a worker with each mistake: one line, 77, within the limit."""
    folder = stage.folder / "secure"
    folder.mkdir()
    slowest = 0.0
    with SecureKafka(folder) as kafka:
        for _, (mistake, told) in zip(
            stage.rounds(short=len(MISTAKES), full=len(MISTAKES)), MISTAKES.items(), strict=True
        ):
            stage.say(mistake.__name__)
            began = time.monotonic()
            code, line = refused("worker", "--http-port", "0", *mistake(kafka, stage.folder))
            slowest = max(slowest, time.monotonic() - began)
            assert told in line, line
            assert PASSWORD not in line
            assert code == AUTH, f"{mistake.__name__} ended with {code}"
    assert slowest <= LIMIT_SECONDS, f"it took {slowest:.1f} s"
    stage.figure("slowest s", slowest)


def ended(hand: Hand) -> tuple[int, float]:
    """Its exit code, which must be 77, or 75 of a transaction that failed; and the seconds that took."""
    began = time.monotonic()
    try:
        code = hand.process.wait(LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        hand.kill()
        raise AssertionError(f"it goes on for {LIMIT_SECONDS:.0f} s: {hand.last_words()}") from None
    assert code in (AUTH, TEMPORARY), f"it ended with {code}: {hand.last_words()}"
    return code, time.monotonic() - began


PROMISES = (
    Promise("P26", "wrong password, authority, host or certificate: 77 and one line within 30 s", mistaken),
    Promise("P26b", "a right taken away at run time: it ends and says why, exact once it is given back", play),
)
