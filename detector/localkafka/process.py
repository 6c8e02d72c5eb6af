"""A child process that cannot outlive us: when we end, the kernel closes a pipe and a small shell kills the child."""

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LEASH: Final = ("/bin/sh", "-c", 'read -r _; kill -9 "$1" 2>/dev/null', "leash")


_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back what would end this process until the block is done: nothing in it is left half begun.

    Children started inside hear their signals as ever. Outside the main thread, where no handler runs, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


class Process:
    """One running command, its output appended to `log`; in a session of its own, so that Ctrl-C does not reach it.

    `environment` takes the place of our own where it is given.
    """

    def __init__(
        self, command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        with log.open("ab") as output, undisturbed():
            self._child = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._leash = subprocess.Popen(
                [*_LEASH, str(self._child.pid)], stdin=subprocess.PIPE, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        code = self._child.poll()
        if code is not None:
            self._unleash()
        return code

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens once it has ended."""
        self._child.send_signal(number)

    def end(self, limit_seconds: float) -> int:
        """Waits so long for its end, kills it then, and gives the exit code."""
        try:
            code = self._child.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        self._unleash()
        return code

    def _unleash(self) -> None:
        """The process id may be another's from now on, so the leash must go without pulling."""
        if self._leash.returncode is None:
            self._leash.kill()
            self._leash.wait()
            if self._leash.stdin:
                self._leash.stdin.close()
