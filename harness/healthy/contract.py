"""The account itself: its facts and people, onboarding, what is bought and paid, the renewal, and product news."""

from datetime import date, timedelta
from typing import Final

from harness.healthy.book import Book
from harness.healthy.work import RELEASES, TELLING

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEATS_PER_PERSON: Final = 1.15
TASKS: Final = ((4, "import-data"), (8, "set-up-roles"), (14, "connect-erp"), (20, "pilot"), (26, "roll-out"))
GO_LIVE: Final = 30
"""Days from the contract to the end of onboarding."""


def introduce(book: Book) -> None:
    """Write what is known of the account and its people on its first day; in half of them somebody joins later."""
    customer, day = book.customer, book.first
    book.add(
        "account.updated",
        day,
        6,
        segment="enterprise" if customer.touch_model == "high" else "mid",
        stage="onboarding" if customer.is_new else "value",
        touch_model=customer.touch_model,
        arr_minor=customer.arr * 100,
        currency="EUR",
        contract_start=book.date_of(customer.since).isoformat(),
        renewal_date=_renewal(book).isoformat(),
        owner_id=customer.owner,
        time_zone=customer.place.zone,
        working_days=[WEEK[number] for number in sorted(customer.place.weekdays)],
        holidays=[holiday.isoformat() for holiday in book.holidays],
    )
    book.add("owner.introduced", day, 7, owner_id=customer.owner)
    for person in customer.people:
        who = {"stakeholder_id": person.who, "role": person.role}
        book.add("stakeholder.updated", day, 6.1, **who, department=person.department)
    book.add("seats.changed", day, 6.2, purchased=round(SEATS_PER_PERSON * len(customer.people)))
    book.add("package.changed", day, 6.3, package="core", enabled=True)
    if not customer.is_new:
        book.add("integration.added", day, 6.4, integration="erp")
    _a_colleague_joins(book)


def _a_colleague_joins(book: Book) -> None:
    chance = book.chance("people")
    if chance.random() < 0.5:
        last = book.customer.people[-1]
        day = book.workday(book.first + chance.randint(40, 330))
        book.add("stakeholder.updated", day, 10, stakeholder_id=f"{last.who}-colleague", role=last.role)


def _renewal(book: Book) -> date:
    """The next renewal date after the history begins: the contract runs for years."""
    start = book.date_of(book.customer.since)
    renewal = start + timedelta(days=365)
    while renewal <= book.date_of(20):
        renewal += timedelta(days=365)
    return renewal


def renew(book: Book) -> None:
    """Write the renewal ten days before its date, with the stage around it, of which the customer is told."""
    renewal = _renewal(book)
    day = (renewal - book.date_of(0)).days
    if day >= book.days + 80:
        return
    _enter(book, book.workday(day - 75), "renewal")
    signed = book.workday(day - 10)
    arr = book.customer.arr * 100
    book.add("outcome.recorded", signed, 12, outcome="renewed", arr_before_minor=arr, arr_after_minor=arr)
    book.add("account.updated", signed, 12.1, renewal_date=(renewal + timedelta(days=365)).isoformat())
    _enter(book, book.workday(day + 1), "value")


def _enter(book: Book, day: int, stage: str) -> None:
    book.add("stage.entered", day, 9, stage=stage)
    book.add("expectation.sent", book.workday(day, 2), 10, stage=stage)


def onboard(book: Book) -> None:
    """Write the onboarding of a new customer: staffed, kicked off, trained and live within a month."""
    customer = book.customer
    if not customer.is_new:
        return

    def on(days: int) -> int:
        return book.workday(customer.since + days)

    book.add("deal.closed", customer.since, 5, promised_value="less manual work")
    book.add("onboarding.started", on(1), 9)
    for side in ("vendor", "customer"):
        book.add("plan.staffed", on(2), 10, side=side)
    book.add("onboarding.kickoff_held", on(3), 10)
    book.add("expectation.sent", on(3), 12, stage="onboarding")
    for days, milestone in ((14, "connected"), (GO_LIVE, "go-live")):
        due = book.at(on(days), 17)
        name = {"milestone_id": f"{customer.account_id}-{milestone}"}
        book.add("milestone.set", on(3), 12.5, **name, due_at=due, visibility="shared")
        book.add("milestone.done", on(days), 15, **name)
    for person in customer.people:
        if person.role in ("admin", "end_user"):
            learner = {"stakeholder_id": person.who, "role": person.role, "course": "basics"}
            book.add("training.enrolled", on(4), 13, **learner)
            book.add("training.completed", on(12), 16, **learner)
    for days, task in TASKS:
        book.add("onboarding.progressed", on(days), 14, task_id=task)
    book.add("integration.added", on(14), 14.5, integration="erp")
    book.add("onboarding.completed", on(GO_LIVE), 16, planned_users=len(customer.people))
    book.add("stage.entered", on(GO_LIVE), 16.1, stage="adoption")
    book.add("expectation.sent", book.workday(on(GO_LIVE), 1), 10, stage="adoption")


def bill(book: Book) -> None:
    """Write the quarterly invoices, paid within four weeks; a card fails now and then and is replaced."""
    chance = book.chance("invoices")
    for number, day in enumerate(range(book.first + chance.randint(5, 60), book.days, 91)):
        invoice = {"invoice_id": f"{book.customer.account_id}-i{number}"}
        amount = {"amount_minor": book.customer.arr * 25, "currency": "EUR"}
        book.add("invoice.issued", day, 5, **invoice, **amount, due_at=book.at(day + 30, 0))
        if chance.random() < 0.02:
            book.add("payment.failed", book.workday(day + 2), 6, **invoice)
        book.add("invoice.paid", book.workday(day + chance.randint(5, 28)), 11, **invoice)


def tell_news(book: Book) -> None:
    """Write the releases, each told some working days after it came out."""
    for released, feature in RELEASES:
        if book.first < released < book.days:
            release = {"release_id": f"r-{feature}", "feature": feature}
            book.add("release.published", released, 6, **release)
            book.add("release.told", book.workday(released, TELLING), 9.5, **release, **book.told_by("champion"))
