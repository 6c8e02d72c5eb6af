"""`make try-monitoring`: Debian's Prometheus and Alertmanager over two live workers under load, and three faults.

A clean run in which nothing may fire but DetectorWatchdog, which always does; in it every target is up and every
expression of the dashboards gives data. Then a worker that is killed again and again, an outage of Kafka, and input of
which nothing can be used: each must fire its alert in time, and reach its receiver. Takes about 25 minutes, for the
rules are those of production. Prints a table.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import click
import yaml
from kafka import KafkaProducer

from deploy.dashboards import boards
from deploy.generate import HERE
from detector.codec import partition_of
from detector.localkafka import Cluster
from detector.localkafka.cluster import free_ports
from harness.load import Load
from harness.process import Worker, run
from schemas.topics import SUPPORT

PARTITIONS: Final = 4
RATE: Final = 200
PREFIX: Final = "watched-"
INSTALLATION: Final = "watched"
WATCHDOG: Final = "DetectorWatchdog"
"""Fires always, by design: a clean run is one in which nothing else does, and in which this one is heard."""
LOOK_SECONDS: Final = 5.0
SETTLING_SECONDS: Final = 120.0
"""What Prometheus needs to have seen before a rate says something."""
PATIENCE_SECONDS: Final = 90.0
"""For scraping, evaluating and grouping, on top of a rule's own `for`."""


@dataclass
class Receiver:
    """A webhook for Alertmanager: remembers which alert came to which path, first time it fired."""

    fired: dict[tuple[str, str], float] = field(default_factory=dict)

    def serve(self, port: int) -> ThreadingHTTPServer:
        """Listen in a thread."""
        fired = self.fired

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    if alert["status"] == "firing":
                        fired.setdefault((alert["labels"]["alertname"], self.path.strip("/")), time.monotonic())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


class Supervised:
    """A worker that is started again whenever it ends, as Kubernetes would, until `stop`."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._arguments, self._log = arguments, log
        self._stopping = threading.Event()
        self._worker = Worker(arguments, log)
        self.starts = 1
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(1):
            if not self._worker.runs():
                self._worker = Worker(self._arguments, self._log)
                self.starts += 1

    def kill(self) -> None:
        """End this start of it (kill -9); the next one comes within a second or two."""
        before = self.starts
        self._worker.kill()
        while self.starts == before:
            time.sleep(0.1)

    def stop(self) -> None:
        """End it for good."""
        self._stopping.set()
        self._thread.join()
        if self._worker.runs():
            self._worker.kill()


class Prometheus:
    """What is asked of a running Prometheus."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def get(self, path: str, **words: str) -> Any:
        """The data of an answer of its API."""
        url = f"{self._base}{path}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)["data"]

    def alerts(self) -> dict[str, str]:
        """Every alert that is pending or firing, but those for customer success and the one that always fires."""
        return {
            alert["labels"]["alertname"]: alert["state"]
            for alert in self.get("/api/v1/alerts")["alerts"]
            if alert["labels"].get("audience") != "customer-success" and alert["labels"]["alertname"] != WATCHDOG
        }

    def targets(self) -> dict[str, str]:
        """Each target's health."""
        return {
            f"{target['labels']['job']} {target['labels']['instance']}": target["health"]
            for target in self.get("/api/v1/targets", state="active")["activeTargets"]
        }

    def series(self, expression: str) -> int:
        """How many series an expression gives now."""
        asked = re.sub(r"\$__\w+", "1m", expression).replace("$installation", INSTALLATION)
        return len(self.get("/api/v1/query", query=asked)["result"])


@dataclass
class Outcome:
    """One line of the table."""

    what: str
    wanted: str
    found: str
    well: bool


class Run:
    """One run on a broker: all processes, and what was found."""

    def __init__(self, folder: Path, cluster: Cluster, stack: ExitStack) -> None:
        self.folder, self.cluster = folder, cluster
        self.outcomes: list[Outcome] = []
        self.receiver = Receiver()
        hook, manager, prometheus, *workers = free_ports(5)
        apart = ("--topic-prefix", PREFIX, "--brokers", cluster.bootstrap)
        self._where = apart
        run("topics", "apply", *apart, "--partitions", str(PARTITIONS))
        server = self.receiver.serve(hook)
        stack.callback(server.shutdown)
        self.workers = [
            Supervised(
                [*apart, "--http-port", str(port), "--group-instance-id", f"worker-{number}", "--log-format", "json"],
                folder / f"worker-{number}.log",
            )
            for number, port in enumerate(workers)
        ]
        for worker in self.workers:
            stack.callback(worker.stop)
        stack.enter_context(_process(_alertmanager(folder, manager, hook)))
        stack.enter_context(_process(_prometheus(folder, prometheus, manager, workers)))
        self.prometheus = Prometheus(prometheus)
        stack.enter_context(self._load())

    @contextmanager
    def _load(self) -> Iterator[None]:
        """Live events for an hour, at most."""
        load = Load(RATE * 3_600, 500, time.time_ns() // 1_000_000, 3_600 / 86_400, usage_share=0.8)
        file = load.write(self.folder / "load.ndjson")
        command = [sys.executable, "-m", "detector", "emit", *self._where, "--live", "--rate", str(RATE), str(file)]
        with _process([*command], folder=self.folder):
            yield

    def clean(self, minutes: float) -> None:
        """Nothing else than the watchdog fires; every target is up, every expression of the dashboards gives data."""
        self._until(lambda: set(self._targets().values()) == {"up"}, SETTLING_SECONDS)
        began = time.monotonic()
        seen: set[str] = set()
        while time.monotonic() - began < minutes * 60:
            seen |= {name for name, state in self._alerts().items() if state == "firing"}
            time.sleep(LOOK_SECONDS)
        what = f"clean run of {minutes:g} min: alerts but {WATCHDOG}"
        self.note(what, "none", ", ".join(sorted(seen)) or "none", well=not seen)
        heard = (WATCHDOG, "dead-man") in self.receiver.fired
        self.note(f"  {WATCHDOG} told to dead-man", "yes", "yes" if heard else "no", well=heard)
        targets = self._targets()
        up = [name for name, health in targets.items() if health == "up"]
        self.note("targets up", str(len(targets)), str(len(up)), well=len(up) == len(targets) == 4)
        for name, board in boards().items():
            asked = [(panel["title"], one["expr"]) for panel in board["panels"] for one in panel.get("targets", ())]
            empty = sorted({title for title, expression in asked if not self.prometheus.series(expression)})
            found = f"{len(asked) - len(empty)}" + (f", none for: {', '.join(empty)}" if empty else "")
            self.note(f"expressions of {name} with data", str(len(asked)), found, well=not empty)

    def fault(self, what: str, alert: str, receiver: str, within: float, inject: Callable[[], None]) -> None:
        """Do something bad; the alert must fire, and reach its receiver, within so many seconds of its beginning."""
        self.receiver.fired.clear()
        began = time.monotonic()
        inject()
        self._until(lambda: self._alerts().get(alert) == "firing", within)
        fired = time.monotonic() - began
        state = self._alerts().get(alert, "not even pending")
        limit = f"{alert} in {within:.0f} s"
        self.note(what, limit, f"{fired:.0f} s" if state == "firing" else state, well=state == "firing")
        self._until(lambda: (alert, receiver) in self.receiver.fired, PATIENCE_SECONDS)
        came = self.receiver.fired.get((alert, receiver))
        self.note(f"  told to {receiver}", "yes", f"{came - began:.0f} s" if came else "no", well=came is not None)

    def back(self) -> None:
        """Both workers apply events again, and the alert is over."""
        self._until(lambda: self._ready() == len(self.workers) and "DetectorNotReady" not in self._alerts(), 180)
        ready = self._ready()
        self.note("  Kafka is back: workers ready", str(len(self.workers)), str(ready), well=ready == len(self.workers))

    def _ready(self) -> int:
        return self.prometheus.series("detector_ready == 1")

    def kills(self) -> None:
        """Two kills, far enough apart for Prometheus to see both starts."""
        for _ in range(2):
            self.workers[0].kill()
            time.sleep(32)

    def unusable(self) -> None:
        """More than a hundred unusable records in a row, from two sources, on one partition."""
        producer = KafkaProducer(bootstrap_servers=self.cluster.bootstrap)
        for number in range(3_000):
            fields = {"event_id": f"bad-{number}", "event_type": "ticket.created", "account_id": "acme"}
            event = {**fields, "occurred_at": "yesterday", "source": ("zendesk", "gateway")[number % 2]}
            key = b"acme"
            place = partition_of(key, PARTITIONS)
            producer.send(PREFIX + SUPPORT, key=key, value=json.dumps(event).encode(), partition=place)
        producer.flush()
        producer.close()

    def note(self, what: str, wanted: str, found: str, *, well: bool) -> None:
        """Keep a line, and show it."""
        self.outcomes.append(Outcome(what, wanted, found, well))
        click.echo(f"{'ok' if well else 'FAILED':7} {what}: {found}")

    def _targets(self) -> dict[str, str]:
        return self._asked(self.prometheus.targets)

    def _alerts(self) -> dict[str, str]:
        return self._asked(self.prometheus.alerts)

    def _asked(self, question: Callable[[], dict[str, str]]) -> dict[str, str]:
        """An answer, or none while Prometheus starts."""
        try:
            return question()
        except OSError:
            return {}

    def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds() and time.monotonic() < end:
            time.sleep(1)


def _prometheus(folder: Path, port: int, manager: int, workers: Sequence[int]) -> list[str]:
    """Its command, with our configuration pointed at what runs here."""
    source = HERE / "prometheus"
    content = yaml.safe_load((source / "prometheus.yml").read_text())
    content["rule_files"] = [str(source / "rules.yml")]
    content["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{manager}"]
    targets = {"detector": workers, "prometheus": [port], "alertmanager": [manager]}
    for job in content["scrape_configs"]:
        (places,) = job["static_configs"]
        places["targets"] = [f"127.0.0.1:{one}" for one in targets[job["job_name"]]]
        if "installation" in places.get("labels", {}):
            places["labels"]["installation"] = INSTALLATION
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(content))
    store = f"--storage.tsdb.path={folder / 'prometheus'}"
    return [_tool("prometheus"), f"--config.file={file}", store, f"--web.listen-address=127.0.0.1:{port}"]


def _alertmanager(folder: Path, port: int, hook: int) -> list[str]:
    """Its command, with our configuration, its receivers' addresses replaced."""
    content = (HERE / "alertmanager/alertmanager.yml").read_text().replace("127.0.0.1:9099", f"127.0.0.1:{hook}")
    file = folder / "alertmanager.yml"
    file.write_text(content)
    store = f"--storage.path={folder / 'alertmanager'}"
    listen = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    return [_tool("prometheus-alertmanager"), f"--config.file={file}", store, *listen]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise click.ClickException(f"{name} is not installed — run make deps-deploy")
    return found


@contextmanager
def _process(command: Sequence[str], folder: Path | None = None) -> Iterator[None]:
    """A process until the end of the block."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@click.command()
@click.option("--minutes", default=11.0, show_default=True, help="of the clean run")
def main(minutes: float) -> None:
    """Run everything once; exit 1 where something is not as it must be."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends too
    for name in ("prometheus", "prometheus-alertmanager"):
        _tool(name)
    with tempfile.TemporaryDirectory(prefix="detector-watched-") as name, Cluster() as cluster, ExitStack() as stack:
        watched = Run(Path(name), cluster, stack)
        watched.clean(minutes)
        watched.fault("a worker is killed twice", "DetectorRestarting", "morning", PATIENCE_SECONDS, watched.kills)
        watched.fault("Kafka is killed", "DetectorNotReady", "page", 300 + PATIENCE_SECONDS, cluster.kill)
        cluster.start()
        watched.back()
        what = "3,000 unusable records of two sources"
        watched.fault(what, "DetectorDeadLetterLimit", "page", PATIENCE_SECONDS, watched.unusable)
    width = max(len(one.what) for one in watched.outcomes)
    click.echo("")
    for one in watched.outcomes:
        click.echo(f"{'ok' if one.well else 'FAILED':7} {one.what:{width}}  wanted {one.wanted}, found {one.found}")
    sys.exit(0 if all(one.well for one in watched.outcomes) else 1)


if __name__ == "__main__":
    main()
