"""A new customer's first weeks, as they should be: a kick-off, a plan with people on both sides, training, go-live."""

from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import Diary

TASKS: Final = ((6, "import-data"), (13, "set-up-roles"), (20, "connect-erp"), (27, "pilot"), (34, "roll-out"))
GO_LIVE: Final = 42
"""Days from the contract to the end of onboarding."""


def onboard(diary: Diary, customer: Customer) -> None:
    """Write the onboarding of a customer who came within the history."""
    if not customer.is_new:
        return

    def on(days: int) -> int:
        return diary.workday(customer.since + days)

    diary.add("deal.closed", customer.since, "05:00", promised_value="less manual work")
    diary.add("onboarding.started", on(1), "09:00")
    diary.add("onboarding.kickoff_held", on(4), "10:00")
    for side in ("vendor", "customer"):
        diary.add("plan.staffed", on(4), "11:30", side=side)
    diary.add("expectation.sent", on(4), "12:00", stage="onboarding")
    for days, milestone in ((21, "connected"), (GO_LIVE, "go-live")):
        due = diary.date(on(days)) + "T17:00:00Z"
        diary.add("milestone.set", on(4), "12:30", milestone_id=milestone, due_at=due, visibility="shared")
        diary.add("milestone.done", on(days), "15:00", milestone_id=milestone)
    for who in ("admin", "user-1", "user-2"):
        learner = {"stakeholder_id": customer.person(who), "course": "basics"}
        diary.add("training.enrolled", on(5), "13:00", **learner)
        diary.add("training.completed", on(16), "16:00", **learner)
    for days, task in TASKS:
        diary.add("onboarding.progressed", on(days), "14:00", task_id=task)
    diary.add("integration.added", on(20), "14:30", integration="erp")
    diary.add("onboarding.completed", on(GO_LIVE), "16:00", planned_users=customer.users + 2)
    diary.add("stage.entered", on(GO_LIVE), "16:05", stage="adoption")
    diary.add("expectation.sent", on(GO_LIVE), "16:30", stage="adoption")
