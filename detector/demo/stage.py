"""What the show stands on: a folder, a Kafka, topics and processes; whatever happens, all of it is gone at the end."""

import contextlib
import secrets
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from detector.brokers import connection, explained
from detector.demo.running import Running, environment
from detector.demo.stream import PACK
from detector.errors import DetectorError
from detector.files.broker import Access
from detector.localkafka import Cluster
from detector.settings.load import CONFIG, PREFIX, load
from detector.settings.model import SECRETS
from detector.topics import apply
from schemas.topics import Topic, topics

Mode = Literal["create", "log_append"]

GOODBYE_MS: Final = 3_000
"""For a broker of one's own to answer when our topics are deleted."""


class Scene:
    """One worker's topics: `prefix` begins their names, `mode` says whose time their records carry."""

    def __init__(self, stage: "Stage", prefix: str, mode: Mode, partitions: int) -> None:
        self.prefix, self.mode, self.partitions = prefix, mode, partitions
        self.app_id = f"{prefix}app"
        self._stage = stage
        self._worker: Running | None = None

    def topics(self) -> Sequence[Topic]:
        """Every topic of the scene."""
        return topics(partitions=self.partitions, prefix=self.prefix, imports=self.mode == "create", app_id=self.app_id)

    def worker_words(self) -> list[str]:
        """What comes after `detector` to run the scene's worker."""
        scene = ["--topic-prefix", self.prefix, "--app-id", self.app_id, "--record-time", self.mode]
        return ["worker", *self._stage.way_in, *scene, "--pack", str(PACK), "--http-port", "0", "--log-format", "json"]

    def worker(self) -> Running:
        """Give the scene's worker, which is started at the first call."""
        if self._worker is None:
            name = "the worker" if self.mode == "create" else "the live worker"
            self._worker = self._stage.run(name, self.worker_words())
        return self._worker

    def emit(self, file: Path, until: str, rate: int) -> Running:
        """Start to send a file up to `until`, at most `rate` events/s (0: no limit)."""
        where = [*self._stage.way_in, "--topic-prefix", self.prefix]
        return self._stage.run("the emitter", ["emit", *where, "--until", until, "--rate", str(rate), str(file)])


class Stage:
    """A context: Kafka runs inside it, embedded or, where `given` names brokers, one's own.

    `given` are all settings of the connection as on the command line, by name; None: not given. Outside nothing is
    left: no process, no file, and on one's own Kafka no topic of ours. Raises DetectorError as whatever it starts.
    """

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}
        self.embedded = "brokers" not in self._given
        self.name = f"demo-{secrets.token_hex(3)}"
        self.way_in: list[str] = []
        self._cluster: Cluster | None = None
        self._running: list[Running] = []
        self._made: list[Topic] = []
        kept = () if self.embedded else (*given, *SECRETS, *(f"{name}_file" for name in SECRETS))
        self._environment = environment([CONFIG, *(PREFIX + name.upper() for name in kept)] if kept else None)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="detector-demo-"))
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

    def start_kafka(self) -> str:
        """Have a Kafka, and give its addresses."""
        if self.embedded:
            self._cluster = Cluster(folder=self.folder / "kafka")
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

    def scenes(self, *wanted: tuple[str, Mode, int]) -> list[Scene]:
        """Create the topics of scenes (ending of the prefix, mode, partitions), in one go."""
        made = [Scene(self, f"{self.name}-{ending}-", mode, partitions) for ending, mode, partitions in wanted]
        self._made = [topic for scene in made for topic in scene.topics()]
        apply(self.connection, self._made)
        return made

    def run(self, name: str, words: Sequence[str]) -> Running:
        """Start a command of ours; it ends with the stage at the latest."""
        running = Running(name, words, folder=self.folder, environment=self._environment)
        self._running.append(running)
        return running

    def _clear(self) -> None:
        for running in self._running:
            running.kill()
        if self._cluster is not None:
            self._cluster.remove()
        elif self._made:
            with contextlib.suppress(DetectorError):  # a broker that is gone by now keeps them; its name says whose
                self._delete_topics()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _delete_topics(self) -> None:
        from kafka import KafkaAdminClient  # noqa: PLC0415 - only on one's own Kafka

        with explained(self.connection, "kafka"):
            admin = KafkaAdminClient(**self.connection, bootstrap_timeout_ms=GOODBYE_MS)
            try:
                admin.delete_topics([topic.name for topic in self._made], raise_errors=False)
            finally:
                admin.close()


def _flag(name: str, value: object) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", str(value)]
