"""Tenant `demo`: a made-up company and the half year of its forty customers, the same for the same end and seed."""

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from detector.demo import commerce, desk, relationship
from detector.demo.accounts import CUSTOMERS, Customer
from detector.demo.diary import Diary, Event
from detector.demo.goals import CHAMPIONS, ordinary_plan, pursue
from detector.demo.moments import midnight
from detector.demo.onboarding import onboard
from detector.demo.script import Script
from detector.demo.scripts import SCRIPTS
from detector.demo.usage import use

SEED: Final = 1903
ORDINARY: Final = Script()


def events(until: datetime, seed: int = SEED) -> Iterator[Event]:
    """Bare events of 182 days that end at `until`, a midnight of UTC (else ValueError), by account, then by time."""
    until = midnight(until)
    for customer in CUSTOMERS:
        yield from live(customer, until, seed, SCRIPTS.get(customer.account_id, ORDINARY))


def live(customer: Customer, until: datetime, seed: int, script: Script) -> list[Event]:
    """One account's events in the order of time: its ordinary life, as far as the script leaves it alone."""
    holidays = range(customer.holidays[0], customer.holidays[1] + 1) if customer.holidays else ()
    diary = Diary(customer.account_id, until, seed, customer.weekdays, holidays)
    relationship.introduce(diary, customer)
    onboard(diary, customer, script)
    pursue(diary, script.goal or ordinary_plan(diary, customer), customer.person("sponsor"), "sponsor")
    pursue(diary, ordinary_plan(diary, customer, CHAMPIONS), customer.person("champion"), "champion")
    use(diary, customer, script)
    desk.ask_for_help(diary, customer, script)
    relationship.talk(diary, customer, script)
    relationship.meet(diary, customer, script)
    commerce.tell_news(diary, customer, script)
    commerce.bill(diary, customer)
    commerce.renew(diary, customer)
    script.happens(diary, customer)
    return sorted(diary.events, key=itemgetter("occurred_at"))
