"""Once, between two facts: an event about what a subject is about, after one fact about the subject, before another."""

from collections.abc import Collection, Iterable
from typing import Final, final

from detector.domain import features
from detector.domain.account import Account
from detector.domain.alerts import minute_text
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event
from detector.domain.measures import Kept, Log, Track
from detector.domain.state import Entry, Episode
from detector.domain.verdict import Clears, EventDriven, Evidence, Moment, Verdict

LOOKED_FOR_DAYS: Final = 90


@final
class OnceBetween(EventDriven, frozen=True):
    """ON since such an event came after the subject began and before `until`; OFF once `until` came.

    `began` keeps [subject, feature] of each subject, `seen` the latest event about each feature. With `used` the use
    of the feature counts as well: the hot block knows of it, and is looked at once a day for 90 days.
    """

    name: str
    level: int
    began: Log
    until: Track
    seen: Log
    used: bool = False

    @property
    def kind(self) -> str:
        """The kind of its subjects."""
        return self.until.kind

    @property
    def wakes(self) -> Collection[tuple[type[Event], str | None]]:
        """What begins, what is told, and what may be about any of them."""
        field = self.until.id_field
        about = [*self.began.matcher.alternatives, *self.until.matcher.alternatives]
        return [(cls, field) for cls in about] + [(cls, None) for cls in self.seen.matcher.alternatives]

    @property
    def measures(self) -> Iterable[Kept]:
        """What begins, what is told, and the events of each feature."""
        return (self.began, self.until, self.seen)

    def subjects(self, account: Account, moment: Moment) -> Iterable[str]:
        """Every subject that began and is kept."""
        del moment
        return [entry[2] for entry in account.record.logs.get(self.began.name, [])]

    def judge(self, account: Account, subject: str | None, moment: Moment, episode: Episode | None) -> Verdict:
        """ON while it was found and not told; what was told before it was found proves that it never held."""
        entry = next((one for one in account.record.logs.get(self.began.name, []) if one[2] == subject), None)
        if entry is None:
            return Verdict(ended="superseded")  # nothing of it is kept any more
        told = self.until.times(account, subject)
        if told:
            verdict = Verdict(off=True, superseded=episode is not None and told[0] <= episode.since)
            verdict.numbers = {"at": minute_text(told[-1]), "how": f"it was told on {minute_text(told[-1])}"}
            return verdict
        began: int = entry[0]
        found = self._found(account, entry)
        if found is None or found < began:
            ends = began + LOOKED_FOR_DAYS * DAY_MS
            tomorrow = (moment.now // DAY_MS + 1) * DAY_MS
            return Verdict(due=tomorrow if self.used and tomorrow < ends else None)
        return Verdict(
            level=self.level,
            since=found if episode is None else episode.since,
            evidence=(Evidence(self.name, 1, 0, "events"),),
            numbers={"at": minute_text(found), "how": ""},
            clears=Clears(f"one {self.until.slot} event", self.until.slot, at_least=1),
        )

    def _found(self, account: Account, began: Entry) -> int | None:
        """When something about the feature was last seen; None where nothing is known of it."""
        feature = began[3]
        if feature is None:
            return None
        times = [entry[0] for entry in account.record.logs.get(self.seen.name, []) if entry[2] == feature]
        used = features.feature_last_used(account.hot, features.feature_hash(feature)) if self.used else None
        return max((at for at in (*times, used) if at is not None), default=None)
