"""`detector worker` as a process of its own, and what its web surface says."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

PATIENCE: Final = 60.0
COMMAND: Final = (sys.executable, "-m", "detector")


def environment(**variables: str) -> dict[str, str]:
    """The process's own, without the settings of whoever runs the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DETECTOR_")} | variables


def refused(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command that must not start; gives its exit code and its last line on stderr."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment(**variables),
    )
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(told) == 1, done.stderr
    return done.returncode, told[0]


class WorkerCommand:
    """A worker that serves on a free port; leaving the context kills it. `lines` are its log, parsed."""

    def __init__(self, *arguments: str, folder: Path, **variables: str) -> None:
        self.log = folder / "worker.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "worker", "--http-port", "0", "--log-format", "json", *arguments],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment(**variables),
            )
        self.port = int(self.hear("serving")["port"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def hear(self, beginning: str) -> dict[str, Any]:
        """Wait for a line of the log that begins like this."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            for line in self.lines:
                if line["event"].startswith(beginning):
                    return line
            time.sleep(0.05)
        raise AssertionError(f"never said {beginning!r}: {self.log.read_text()[-4_000:]}")

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of one answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_for(self, path: str, pattern: str, **headers: str) -> str:
        """Ask until the status and body match; gives the body."""
        end = time.monotonic() + PATIENCE
        seen = ""
        while time.monotonic() < end and self.process.poll() is None:
            status, body = self.ask(path, **headers)
            seen = f"{status} {body}"
            if re.search(pattern, seen):
                return body
            time.sleep(0.05)
        raise AssertionError(f"{path} never said {pattern!r} but {seen[-2_000:]}\n{self.log.read_text()[-4_000:]}")

    def stop(self) -> int:
        """Ask it to stop; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)
