"""What a worker says of itself while it is hurt: its probes and metrics, asked as a supervisor and Prometheus do."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from detector.localkafka.cluster import free_ports

_PATIENCE: Final = 10


class Surface:
    """The web surface of one worker after another on a `port` of their own, which is to be their `http_port`."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.seen: Counter[str] = Counter()
        """How often each probe gave which answer, while `watching`: `/livez 200 working`."""
        self.turned: dict[str, float] = {}
        """When (monotonic seconds) it gave that answer first."""

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body. Raises OSError where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=_PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def values(self) -> dict[str, float]:
        """Every metric, its series added up. Raises OSError where nobody answers."""
        found: defaultdict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(self.ask("/metrics")[1]):
            for sample in family.samples:
                found[sample.name] += sample.value
        return found

    def labelled(self, name: str, label: str) -> dict[str, float]:
        """One metric's values by one of its labels. Raises OSError where nobody answers."""
        families = text_string_to_metric_families(self.ask("/metrics")[1])
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return {sample.labels[label]: sample.value for sample in samples}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Ask both probes five times a second while the block runs; nobody there is an answer too."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                for path in ("/livez", "/readyz"):
                    try:
                        status, body = self.ask(path)
                        said = f"{path} {status} {json.loads(body)['reason']}"
                    except OSError:
                        said = f"{path} nobody"
                    self.seen[said] += 1
                    self.turned.setdefault(said, time.monotonic())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(3 * _PATIENCE)
