"""Looks at the topics once the broker answers, before the worker joins its group: a wrong one must stop the start."""

from detector.brokers import connection
from detector.errors import CONFIG, DetectorError
from detector.settings import Settings
from detector.streaming.observer import Silence
from detector.streaming.options import WorkerOptions
from detector.topics import MISSING, PARTITIONS, TIMESTAMPS, Difference, check
from schemas.topics import topics


class TopicCheck(Silence):
    """Counts the partitions that the in-topics and the changelog share, and compares their timestamps."""

    def __init__(self, settings: Settings, options: WorkerOptions) -> None:
        self._settings = settings
        self._read = (*options.topics, options.changelog)
        self.partitions = 0
        """How many the topics have; 0 until the broker has answered."""

    def broker(self, *, connected: bool) -> None:
        """Look, once. Raises DetectorError (78) for what must be put right."""
        if connected and not self.partitions:
            self.partitions = shared_partitions(self._found(), self._read, self._settings.record_time)

    def _found(self) -> tuple[Difference, ...]:
        # asked for one partition, every other count comes back as a difference
        wanted = topics(
            partitions=1,
            prefix=self._settings.topic_prefix,
            imports=self._settings.record_time == "create",
            app_id=self._settings.app_id,
        )
        return check(connection(self._settings), [topic for topic in wanted if topic.name in self._read])


def shared_partitions(found: tuple[Difference, ...], read: tuple[str, ...], record_time: str) -> int:
    """Give the one number of partitions of the topics that are read, from their differences to ones with one partition.

    Raises DetectorError (78) where a topic is missing, counts differ or the timestamps are not those of `record_time`.
    """
    missing = [one.topic for one in found if one.setting == MISSING]
    if missing:
        raise DetectorError(
            f"topics are missing or may not be read: {', '.join(missing)} — run `detector topics apply`", CONFIG
        )
    counts = dict.fromkeys(read, 1) | {one.topic: int(one.found) for one in found if one.setting == PARTITIONS}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in counts.items())
        raise DetectorError(f"these topics need the same number of partitions: {listed} — make them anew", CONFIG)
    for one in found:
        if one.setting == TIMESTAMPS:
            other = "create" if record_time == "log_append" else "log_append"
            raise DetectorError(
                f"{one.topic} has {one.found or 'unreadable timestamps'}, record_time={record_time} needs {one.wanted}"
                f" — set record_time={other}, or a topic_prefix of other topics",
                CONFIG,
            )
    return counts[read[0]]
