"""One node of a local cluster: its settings on disk, its process, its log."""

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from detector.errors import INTERNAL, DetectorError
from detector.localkafka.install import Installation
from detector.localkafka.process import Process

HEAP_MEGABYTES: Final = 256
_LOG4J: Final = """status=OFF
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1}: %m%n
"""
_PORT_TAKEN: Final = ("Address already in use", "BindException")


class PortTakenError(Exception):
    """Another process took a port between our choice and Kafka's bind; a cluster chooses anew."""


class Node:
    """A broker and controller in one process. It can be stopped, killed and started again on its data and ports."""

    def __init__(self, installation: Installation, folder: Path, number: int, settings: Mapping[str, object]) -> None:
        """`settings` are all of server.properties but the data folder, which is ours."""
        self.number = number
        self.folder = folder
        self._installation = installation
        self._process: Process | None = None
        self._configure(settings)

    @property
    def data(self) -> Path:
        """Where the partitions are; `.kafka_cleanshutdown` in it proves an orderly stop."""
        return self.folder / "data"

    @property
    def pid(self) -> int | None:
        """The process id while it runs, for faults such as SIGSTOP."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        """Whether its process is there; it may not be ready yet."""
        return self._process is not None and self._process.exit_code is None

    def _configure(self, settings: Mapping[str, object]) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        lines = {**settings, "log.dirs": self.data}
        (self.folder / "server.properties").write_text(
            "".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8"
        )
        (self.folder / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")

    def format(self, cluster_id: str) -> None:
        """What `kafka-storage format` leaves for a fixed quorum, without the second that it takes."""
        meta = self.data / "meta.properties"
        if not meta.exists():
            shutil.copyfile(self._installation.checkpoint, self.data / "bootstrap.checkpoint")
            meta.write_text(f"version=1\ncluster.id={cluster_id}\nnode.id={self.number}\n", encoding="utf-8")

    def start(self, options: tuple[str, ...] = ()) -> None:
        """Starts the process and does not wait for it to be ready; `options` are further ones of the JVM."""
        if self.running:
            return
        command = [
            str(self._installation.java.command),
            f"-Xmx{HEAP_MEGABYTES}m",
            *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-Xlog:all=error:stderr"),
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            *(options or self._installation.archive_option()),
            *("-cp", self._installation.classpath, "kafka.Kafka", str(self.folder / "server.properties")),
        ]
        self._process = Process(command, folder=self.folder, log=self.folder / "out.log")

    def check(self) -> None:
        """Raises when its process has ended: PortTakenError, or DetectorError (70) with its last words."""
        if self.running:
            return
        said = self.last_words()
        if any(words in said for words in _PORT_TAKEN):
            raise PortTakenError
        reasons = [row for row in said.splitlines() if "Exception: " in row or "Error: " in row]
        words = " ".join((reasons[-1] if reasons else said).split())[-300:]
        raise DetectorError(f"Kafka node {self.number} ended ({words}) — see {self.folder / 'out.log'}", INTERNAL)

    def last_words(self) -> str:
        """The end of its log."""
        log = self.folder / "out.log"
        return log.read_text(encoding="utf-8", errors="replace")[-5000:] if log.exists() else ""

    def ask_to_stop(self) -> None:
        """SIGTERM: an orderly stop begins."""
        if self._process is not None:
            self._process.signal(signal.SIGTERM)

    def stop(self, limit_seconds: float = 20) -> None:
        """An orderly stop, which a kill ends after the limit: the last node of a dead quorum never stops by itself."""
        self.ask_to_stop()
        if self._process is not None:
            self._process.end(limit_seconds)

    def kill(self) -> None:
        """SIGKILL, as a fault would."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
            self._process.end(20)
