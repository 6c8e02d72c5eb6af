"""The options of a command, read as the command would."""

from detector.settings import Settings, load


def settings_of(options: tuple[str, ...]) -> Settings:
    """The settings that a command would have of these options."""
    flags: dict[str, object] = {}
    left = list(options)
    while left:
        name = left.pop(0).removeprefix("--").replace("-", "_")
        flags[name] = True if name == "tls" else left.pop(0)
    return load(flags, {})
