"""Product news, invoices and renewals: what the vendor tells its customers, and what they pay."""

from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import FIRST_DAY, Diary
from detector.demo.script import Script
from detector.demo.usage import NEWS

YEAR: Final = 365


def tell_news(diary: Diary, customer: Customer, script: Script) -> None:
    """Write the releases of the half year, each told two working days later, and who then read about it."""
    chance = diary.chance("news")
    for released, feature in NEWS:
        if released < customer.since:
            continue
        release = {"release_id": f"r-{feature}", "feature": feature}
        told = diary.workday(diary.workday(released + 1) + 1)
        diary.add("release.published", released, "06:00", **release)
        diary.add("release.told", told, customer.opens_at * 3600 + 1800, **release)
        if script.level(read := diary.workday(told + 1)):
            reader = customer.person(f"user-{chance.randint(1, customer.users)}")
            opened = customer.opens_at * 3600 + 9000
            diary.add("docs.viewed", read, opened, stakeholder_id=reader, feature=feature)


def bill(diary: Diary, customer: Customer) -> None:
    """Write the quarterly invoices, paid within a fortnight."""
    chance = diary.chance("invoices")
    for number, day in enumerate(range(max(FIRST_DAY, customer.since) + chance.randint(5, 60), 0, 91)):
        invoice = f"{customer.account_id}-i{number + 1}"
        due = diary.date(day + 30) + "T00:00:00Z"
        amount = customer.arr * 25
        diary.add("invoice.issued", day, "05:00", invoice_id=invoice, amount_minor=amount, currency="EUR", due_at=due)
        diary.add("invoice.paid", diary.workday(day + chance.randint(5, 14)), "11:00", invoice_id=invoice)


def last_renewal(customer: Customer) -> int | None:
    """The day of a renewal within the history, one year before the coming one."""
    day = customer.renewal_in - YEAR
    return day if day > FIRST_DAY and not customer.is_new else None


def renew(diary: Diary, customer: Customer) -> None:
    """Write the renewal that lies within the history: the same contract for another year, or a larger one."""
    day = last_renewal(customer)
    if day is None:
        return
    at = diary.workday_before(day)
    before = customer.arr * (80 if customer.growth > 0.1 else 100)
    diary.add(
        "outcome.recorded",
        at,
        "12:00",
        outcome="expanded" if customer.growth > 0.1 else "renewed",
        arr_before_minor=before,
        arr_after_minor=customer.arr * 100,
    )
    diary.add(
        "account.updated", at, "12:05", renewal_date=diary.date(customer.renewal_in), arr_minor=customer.arr * 100
    )
