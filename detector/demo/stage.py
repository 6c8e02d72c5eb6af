"""What the show stands on: a folder, a Kafka, topics and processes; whatever happens, all of it is gone at the end."""

import contextlib
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from detector.brokers import connection, explained
from detector.demo.commands import typed
from detector.demo.lease import Lease, sweep
from detector.demo.running import Running, environment
from detector.demo.stream import PACK
from detector.demo.supervised import Supervised
from detector.errors import DetectorError
from detector.files.broker import Access
from detector.localkafka import Cluster
from detector.localkafka.install import prepare
from detector.localkafka.process import undisturbed
from detector.settings.load import CONFIG, PREFIX, load
from detector.settings.model import SECRETS
from detector.topics import apply
from schemas.topics import Topic, topics

Mode = Literal["create", "log_append"]

GOODBYE_SECONDS: Final = 3.0
"""For our workers to leave a broker of one's own, and for that to answer when our topics are deleted."""


class Scene:
    """One worker's topics: `prefix` begins their names, `mode` says whose time their records carry.

    `died` hears how its worker ended when that is started once more.
    """

    def __init__(self, stage: "Stage", prefix: str, mode: Mode, partitions: int, died: Callable[[str], None]) -> None:
        self.prefix, self.mode, self.partitions = prefix, mode, partitions
        self.app_id = f"{prefix}app"
        self._stage, self._died = stage, died
        self._worker: Supervised | None = None

    def topics(self) -> Sequence[Topic]:
        """Every topic of the scene."""
        return topics(partitions=self.partitions, prefix=self.prefix, imports=self.mode == "create", app_id=self.app_id)

    def worker_words(self) -> list[str]:
        """What comes after `detector` to run the scene's worker."""
        scene = ["--topic-prefix", self.prefix, "--app-id", self.app_id, "--record-time", self.mode]
        return ["worker", *self._stage.way_in, *scene, "--pack", str(PACK), "--http-port", "0", "--log-format", "json"]

    def worker(self) -> Supervised:
        """Give the scene's worker, which is started at the first call."""
        if self._worker is None:
            name, words = "the worker" if self.mode == "create" else "the live worker", self.worker_words()
            self._worker = Supervised(lambda: self._stage.run(name, words), typed(words), self._died)
        return self._worker

    def emit(self, file: Path, until: str, rate: int) -> Running:
        """Start to send a file up to `until`, at most `rate` events/s (0: no limit)."""
        where = [*self._stage.way_in, "--topic-prefix", self.prefix]
        return self._stage.run("the emitter", ["emit", *where, "--until", until, "--rate", str(rate), str(file)])


class Stage:
    """A context: Kafka runs inside it, embedded or, where `given` names brokers, one's own.

    `given` are all settings of the connection as on the command line, by name; None: not given. Outside nothing is
    left: no process, no file, and on one's own Kafka no topic and no group of ours. Raises DetectorError as whatever
    it starts.
    """

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}
        self.embedded = "brokers" not in self._given
        self.name = f"demo-{secrets.token_hex(3)}"
        self.way_in: list[str] = []
        self._cluster: Cluster | None = None
        self._running: list[Running] = []
        self._scenes: list[Scene] = []
        kept = () if self.embedded else (*given, *SECRETS, *(f"{name}_file" for name in SECRETS))
        self._environment = environment([CONFIG, *(PREFIX + name.upper() for name in kept)] if kept else None)

    def __enter__(self) -> Self:
        sweep()
        self._lease = Lease()
        self.folder = self._lease.folder
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        heard = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            self._clear()
        finally:
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), heard, strict=True):
                signal.signal(number, handler)

    def start_kafka(self, fetching: Callable[[], None]) -> str:
        """Have a Kafka, and give its addresses; `fetching` hears when one has to be fetched for that."""
        if self.embedded:
            self._cluster = Cluster(folder=self.folder / "kafka", installation=prepare(fetching=fetching))
            self._cluster.start()
            self._given["brokers"] = self._cluster.bootstrap
        settings = load(self._given, self._environment)
        self.connection: dict[str, Any] = connection(settings)
        self.way_in = [word for name, value in self._given.items() for word in _flag(name, value)]
        return ",".join(settings.brokers)

    @property
    def access(self) -> Access:
        """How our own clients get in."""
        return Access(self.connection)

    def scenes(self, *wanted: tuple[str, Mode, int], died: Callable[[str], None]) -> list[Scene]:
        """Create the topics of scenes (ending of the prefix, mode, partitions), in one go; `died` as a scene has it."""
        self._scenes = [Scene(self, f"{self.name}-{ending}-", mode, number, died) for ending, mode, number in wanted]
        apply(self.connection, [topic for scene in self._scenes for topic in scene.topics()])
        return self._scenes

    def run(self, name: str, words: Sequence[str]) -> Running:
        """Start a command of ours; it ends with the stage at the latest."""
        with undisturbed():  # what is started is known, or Ctrl-C could not end it
            running = Running(name, words, folder=self.folder, environment=self._environment)
            self._running.append(running)
        return running

    def _clear(self) -> None:
        if self._cluster is None and self._scenes:
            self._leave_groups()
        for running in self._running:
            running.kill()
        if self._cluster is not None:
            self._cluster.remove()
        elif self._scenes:
            with contextlib.suppress(DetectorError):  # a broker that is gone by now keeps them; its name says whose
                self._delete()
        self._lease.end()

    def _leave_groups(self) -> None:
        """Let the workers go in order: a group that has a member, be it a dead one, cannot be deleted."""
        for running in self._running:
            running.stop()
        for running in self._running:
            running.wait(GOODBYE_SECONDS)

    def _delete(self) -> None:
        """Delete topics and groups on one's own Kafka."""
        from kafka import KafkaAdminClient  # noqa: PLC0415 - only on one's own Kafka

        with explained(self.connection, "kafka"):
            admin = KafkaAdminClient(**self.connection, bootstrap_timeout_ms=int(GOODBYE_SECONDS * 1_000))
            try:
                admin.delete_groups([scene.app_id for scene in self._scenes])
                topics = [topic.name for scene in self._scenes for topic in scene.topics()]
                admin.delete_topics(topics, raise_errors=False)
            finally:
                admin.close()


def _flag(name: str, value: object) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", str(value)]
