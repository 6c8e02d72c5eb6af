"""A worker as it should be kept: started once more where it dies, since it goes on exactly where the log says."""

from collections.abc import Callable

from detector.demo.running import Running
from detector.errors import TEMPORARY, DetectorError


class Supervised:
    """What `start` starts; `died` hears how it ended, in words, before it is started once more.

    `command` is what a person would type to have the same.
    """

    def __init__(self, start: Callable[[], Running], command: str, died: Callable[[str], None]) -> None:
        self._start, self._command, self._died = start, command, died
        self._running = start()
        self._again = False

    def check(self) -> None:
        """See that it runs, and start it once more where it does not.

        Raises DetectorError: 75 when it died again, its own exit code when a start would not help.
        """
        ending = self._running.ending()
        if ending is None:
            return
        if not ending.passes:
            self._running.ended()  # tells
        if self._again:
            raise DetectorError(
                f"{ending.how}, for the second time, its last word: {ending.reason} — run the demo again; it was"
                f" `{self._command}`",
                TEMPORARY,
            )
        self._again = True
        self._died(ending.how)
        self._running = self._start()

    def stop(self) -> None:
        """Ask it to stop."""
        self._running.stop()

    def finish(self) -> None:
        """Wait until it has stopped; raises DetectorError when it did not end well."""
        self._running.wait()
        self._running.ended()
