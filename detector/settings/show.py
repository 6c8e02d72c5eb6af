"""The settings in force, as YAML that can be used as the settings file again, each with where it came from."""

import json
from collections.abc import Mapping

from detector.settings.load import Origin
from detector.settings.model import SECRETS, Settings


def show(settings: Settings, origins: Mapping[str, Origin]) -> str:
    """Give one line a setting, in the order of the model; a secret only says whether it is set."""
    lines = []
    for name, value in settings.model_dump(mode="json", exclude=set(SECRETS)).items():
        origin = origins[name]
        remark = "default" if origin.kind == "default" else f"from {origin.name}"
        lines.append((f"{name}: {json.dumps(value)}", remark))
    set_secrets = [name for name in SECRETS if getattr(settings, name) is not None]
    lines += [(f"# {name}: set, not shown", f"from {origins[name].name}") for name in set_secrets]
    width = max(len(line) for line, _ in lines)
    return "\n".join(f"{line:<{width}}  # {remark}" for line, remark in lines)
