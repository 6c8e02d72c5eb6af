"""Which build this is."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

PACKAGE: Final = "value-decay-detector"
UNPACKED: Final = "0.0.0+source"


def build_version() -> str:
    """The installed version; `0.0.0+source` where the sources run without having been installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return UNPACKED


def versions() -> dict[str, str]:
    """The build's version and those of the two libraries whose inside it depends on."""
    return {"version": build_version(), "faust": version("faust-streaming"), "aiokafka": version("aiokafka")}
