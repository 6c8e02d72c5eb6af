"""The versions that every override in this room was written against and tried with; others are refused."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from detector.errors import CONFIG, DetectorError

PINNED: Final = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}


def check_versions(installed: Callable[[str], str] = version) -> None:
    """Raise DetectorError (78) when another version of a pinned package is installed.

    The transport reaches into these packages: another version may lose events without a word.
    """
    for package, wanted in PINNED.items():
        found = installed(package)
        if found != wanted:
            raise DetectorError(
                f"{package} {found} is installed, but the transport is only known to be exact on {wanted}"
                f" — run `pip install {package}=={wanted}`",
                CONFIG,
            )
