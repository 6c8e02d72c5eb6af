"""The healthy fleet as logs, a few accounts each, so that a year of many accounts needs little memory."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from detector.domain.events import TOPIC_OF
from detector.files.bare import BareReader
from detector.files.log import Log
from harness.healthy import care, contract, desk, outcomes, work
from harness.healthy.book import DAY_MS, FIRST_MS, Book
from harness.healthy.customers import customer

AT_ONCE: Final = 10
HABITS: Final = (
    contract.introduce,
    contract.onboard,
    contract.renew,
    contract.bill,
    contract.tell_news,
    outcomes.pursue,
    work.use,
    desk.help_out,
    desk.ask_everybody,
    desk.outages,
    care.keep_in_touch,
    care.meet_the_leaders,
    care.show_value,
    care.judge,
    care.change_owner,
)


def live(number: int, seed: int, days: int) -> list[dict[str, Any]]:
    """The bare events of one account, in the order in which they occurred."""
    book = Book(customer(number, seed, days), seed, days)
    for habit in HABITS:
        habit(book)
    return sorted(book.events, key=itemgetter("occurred_at"))


def logs(accounts: int, days: int, seed: int) -> Iterator[Log]:
    """The whole fleet's events, as logs of one partition with `AT_ONCE` accounts each."""
    for begin in range(0, accounts, AT_ONCE):
        reader = BareReader(TOPIC_OF)
        reader.columns.open_file(Path(f"healthy-{begin}"))
        for number in range(begin, min(accounts, begin + AT_ONCE)):
            reader.read((line, msgspec.json.encode(event)) for line, event in enumerate(live(number, seed, days), 1))
        yield reader.log(1)


def end_ms(days: int) -> int:
    """The end of the history, epoch milliseconds."""
    return FIRST_MS + days * DAY_MS
