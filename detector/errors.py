"""The one error that is told to a person: what is wrong, what to do, and the exit code of sysexits.h that says so."""

from typing import Final

INTERNAL: Final = 70
IO: Final = 74
TEMPORARY: Final = 75
AUTH: Final = 77
CONFIG: Final = 78


class DetectorError(Exception):
    """An expected failure: `str(error)` is one line for a person that says what is wrong and what to do.

    `exit_code` is one of this module's constants: 70 internal, 74 input or output, 75 temporary (broker, transaction),
    77 not allowed in, 78 wrong settings or rules.
    """

    def __init__(self, message: str, exit_code: int = CONFIG) -> None:
        super().__init__(message)
        self.exit_code = exit_code
