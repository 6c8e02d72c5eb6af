"""A new customer's first weeks, as they should be: a kick-off, a plan with people on both sides, training, go-live."""

from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import Diary
from detector.demo.script import NEVER, Script

TASKS: Final = (
    (6, "import-data"), (10, "check-data"), (14, "set-up-roles"), (18, "connect-erp"), (22, "first-report"),
    (26, "pilot"), (30, "pilot-review"), (34, "roll-out"), (38, "hand-over"),
)  # fmt: skip
GO_LIVE: Final = 42
"""Days from the contract to the end of onboarding."""


def onboard(diary: Diary, customer: Customer, script: Script) -> None:
    """Write the onboarding of a customer who came within the history, as far as it goes on."""
    if not customer.is_new:
        return

    def on(days: int) -> int:
        day = diary.workday(customer.since + days)
        return day if day < script.onboarding_until else NEVER

    diary.add("deal.closed", customer.since, "05:00", promised_value="less manual work")
    diary.add("onboarding.started", on(1), "09:00")
    diary.add("onboarding.kickoff_held", on(4), "10:00")
    for side in ("vendor", "customer"):
        diary.add("plan.staffed", on(4), "11:30", side=side)
    diary.add("expectation.sent", on(4), "12:00", stage="onboarding")
    for days, milestone in ((21, "connected"), (GO_LIVE, "go-live")):
        due = diary.date(diary.workday(customer.since + days)) + "T17:00:00Z"
        diary.add("milestone.set", on(4), "12:30", milestone_id=milestone, due_at=due, visibility="shared")
        diary.add("milestone.done", on(days), "15:00", milestone_id=milestone)
    for who in ("admin", "user-1", "user-2"):
        learner = {"stakeholder_id": customer.person(who), "course": "basics"}
        diary.add("training.enrolled", on(5), "13:00", **learner)
        diary.add("training.completed", on(16), "16:00", **learner)
    for days, task in TASKS:
        diary.add("onboarding.progressed", on(days), "14:00", task_id=task)
    diary.add("integration.added", on(18), "14:30", integration="erp")
    diary.add("onboarding.completed", on(GO_LIVE), "16:00", planned_users=customer.users + 2)
    diary.add("stage.entered", on(GO_LIVE), "16:05", stage="adoption")
    diary.add("expectation.sent", on(GO_LIVE), "16:30", stage="adoption")
