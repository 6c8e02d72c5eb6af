"""What a process is told from outside: flag > `DETECTOR_*` > the YAML file `DETECTOR_CONFIG` names > default."""

from detector.settings.load import Origin, load, read
from detector.settings.model import Settings

__all__ = ["Origin", "Settings", "load", "read"]
