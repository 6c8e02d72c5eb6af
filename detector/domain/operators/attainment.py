"""Attainment: how far a goal has come on its way, against the schedule agreed."""

from collections.abc import Collection, Iterable
from typing import final

from detector.domain import events as e
from detector.domain.account import Account
from detector.domain.alerts import iso
from detector.domain.calendar import DAY_MS
from detector.domain.moments import ended_as, goal_field, way
from detector.domain.state import Episode, Goal
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict, earliest


@final
class Attainment(EventDriven, frozen=True):
    """ratio = (value - baseline) / (expected(t) - baseline); `steps` are (severity step, highest ratio), worst first.

    Judged at each verified measure, by the latest one, and `after_days` after a schedule date for which none came from
    `before_days` before it: then the latest value (the baseline, where nothing was ever measured) stands against that
    date. No verdict while less than `from_share` of the way (baseline to target, else to the schedule's last point) is
    expected. It clears at `clears_at` or more.
    """

    steps: tuple[tuple[int, float], ...]
    clears_at: float
    after_days: int = 14
    before_days: int = 7
    from_share: float = 0.05
    kind: str = "goal"

    @property
    def wakes(self) -> Collection[tuple[type[e.Event], str | None]]:
        """What sets, measures or closes a goal."""
        return [(cls, "goal_id") for cls in (e.GoalSet, e.GoalMeasured, e.GoalClosed)]

    @property
    def measures(self) -> Iterable[object]:
        """Nothing of its own: goals are kept for every pack."""
        return ()

    def subjects(self, account: Account, moment: Moment) -> Iterable[str]:
        """The account's goals."""
        del moment
        return list(account.record.goals)

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """The verdict of the latest judgement; a closed goal ends its alert."""
        goal = account.record.goals.get(subject or "")
        if goal is None:
            return Verdict(ended="superseded")
        ended = ended_as(goal)
        if ended is not None:
            return Verdict(ended=ended)
        baseline = goal_field(goal, "baseline")
        stamped = goal.fields.get("schedule")
        schedule = stamped[0] if stamped is not None else None
        if baseline is None or not schedule or goal.set_at < 0:
            return Verdict(off=episode is not None)
        verdict = Verdict(due=next((at for at, *_ in goal.points if at > moment.now), None))
        measured = [at for at, *_ in goal.points if at <= moment.now]
        judged: list[tuple[int, int]] = [(measured[-1], measured[-1])] if measured else []
        for at, _ in schedule:
            due = at + self.after_days * DAY_MS
            if any(at - self.before_days * DAY_MS <= m <= due for m in measured) or at < goal.begun:
                continue
            if due <= moment.settled:
                judged.append((due, at))
            else:
                verdict.due = earliest(verdict.due, due)
        if judged:
            since, at = max(judged)
            self._compare(verdict, goal, float(baseline), schedule, since, at)
        return verdict

    def _compare(
        self, verdict: Verdict, goal: Goal, baseline: float, schedule: list[list[float]], since: int, at: int
    ) -> None:
        expected = expected_at(at, goal.begun, baseline, schedule)
        ends = way(goal) or (baseline, schedule[-1][1])
        whole = ends[1] - ends[0]
        gone = expected - baseline
        if whole == 0 or gone == 0 or gone / whole < self.from_share - 1e-12:
            return
        point = next((p for p in reversed(goal.points) if p[0] <= since), None)
        value = baseline if point is None else point[2]
        ratio = round((value - baseline) / gone, 9) + 0.0  # a zero has no sign
        verdict.off = ratio >= self.clears_at
        verdict.level = max((level for level, most in self.steps if ratio <= most), default=0)
        verdict.since = since
        need = baseline + self.clears_at * gone
        verdict.numbers = {
            "observed": f"{(value - baseline) / whole + 0.0:.1%}",
            "expected": f"{gone / whole:.1%}",
            "ratio": f"{max(ratio, 0.0):.0%}",
            "at": iso(at)[:10],
            "measured": "; nothing was ever measured" if point is None else "",
        }
        verdict.evidence = (
            Evidence("goal_value", value, round(expected, 6), None, f"schedule at {verdict.numbers['at']}"),
            Evidence("attainment", round(ratio, 4), 1.0, "ratio"),
        )
        verdict.clears = Clears(
            f"a verified measure of {need:g}, {self.clears_at:.0%} of what is expected",
            "goal_value",
            at_least=round(need, 6) if gone > 0 else None,
            at_most=round(need, 6) if gone < 0 else None,
        )


def expected_at(t: int, set_at: int, baseline: float, schedule: list[list[float]]) -> float:
    """The value expected at `t`: linear from (set_at, baseline) through the schedule's points, flat after the last."""
    before, from_value = set_at, baseline
    for at, value in schedule:
        if t < at:
            return (
                from_value + (value - from_value) * (t - before) / (at - before)
                if at > before and t > before
                else from_value
            )
        before, from_value = int(at), value
    return from_value
