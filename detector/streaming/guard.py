"""What must hold before the worker starts: the versions this room was written against, and codecs that run no code."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from faust.serializers.codecs import codecs

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


SAFE_CODECS: Final = frozenset({"binary", "json", "raw"})


def drop_codecs() -> None:
    """Take every codec but SAFE_CODECS out of Faust's registry: it offers pickle and yaml, which can run code.

    Our topics and tables use none at all: records are handed on as bytes. Nothing can choose one by its name now.
    """
    for name in set(codecs) - SAFE_CODECS:
        del codecs[name]
