"""Where settings come from, in which order, and how a wrong one is named: by its flag, variable or key."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import SecretStr, ValidationError

from detector.errors import DetectorError
from detector.settings.model import NAME, SECRETS, Settings

PREFIX: Final = "DETECTOR_"
CONFIG: Final = "DETECTOR_CONFIG"
OTHERS: Final = frozenset({CONFIG, "DETECTOR_TEST_BROKER"})
"""Variables that are no settings: the YAML file's name, and the broker that tests use."""

SERVICE_LINK: Final = re.compile(
    r"\w+_SERVICE_HOST=.*|\w+_SERVICE_PORT(_\w+)?=[0-9]+|\w+_PORT=[a-z]+://.*|\w+_PORT_[0-9]+_(TCP|UDP|SCTP)\w*=.*"
)
"""What Kubernetes sets by itself for a service whose name begins with `detector`: nobody's mistake."""

SECRET_LIMIT: Final = 4_096
_CHECK: Final = "check the path and its rights"

Kind = Literal["flag", "environment", "file", "default"]


@dataclass(frozen=True)
class Origin:
    """Where a value came from: its kind, and the name under which a person finds it."""

    kind: Kind
    name: str


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Give the settings of this process.

    `flags` are settings by name, None = not given; `environ` is the process environment unless a test passes its own.
    An empty variable counts as not set. Raises DetectorError (78) that names what is wrong.
    """
    return read(flags, environ)[0]


def read(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, Origin]]:
    """Give the settings and the origin of every value; raises DetectorError as `load` does."""
    variables = {k: v for k, v in (os.environ if environ is None else environ).items() if k.startswith(PREFIX) and v}
    values: dict[str, Any] = {}
    origins = {name: Origin("default", "default") for name in Settings.model_fields}
    file = variables.get(CONFIG)
    layers: tuple[tuple[dict[str, Any], Kind, Callable[[str], str]], ...] = (
        (_from_file(Path(file)) if file else {}, "file", lambda name: f"{name} in {file}"),
        (_from_environment(variables), "environment", lambda name: PREFIX + name.upper()),
        ({k: v for k, v in (flags or {}).items() if v is not None}, "flag", lambda name: "--" + name.replace("_", "-")),
    )
    for layer, kind, title in layers:
        for name, value in layer.items():
            values[name] = value
            origins[name] = Origin(kind, title(name))
    _open_secrets(values, origins)
    try:
        return Settings(**values), origins
    except ValidationError as error:
        raise DetectorError(_explain(error, values, origins)) from None


def _unknown(what: str, name: str, known: Iterable[str]) -> DetectorError:
    bare = {word.removeprefix(PREFIX): word for word in known}  # a shared prefix would make everything look near
    nearest = get_close_matches(name.removeprefix(PREFIX), bare, n=1)
    advice = f"did you mean {bare[nearest[0]]}?" if nearest else "`detector settings show` lists what there is"
    return DetectorError(f"{what} {name} — {advice}")


def _from_environment(variables: Mapping[str, str]) -> dict[str, str]:
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for variable in sorted(variables):
        if variable in names or variable in OTHERS or SERVICE_LINK.fullmatch(f"{variable}={variables[variable]}"):
            continue
        raise _unknown("unknown variable", variable, [*names, *OTHERS])
    return {names[variable]: value for variable, value in variables.items() if variable in names}


class _OnceLoader(yaml.SafeLoader):
    """Reads plain YAML in which a key may stand once; a second one would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"{twice} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = yaml.load(path.read_text("utf-8"), _OnceLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise DetectorError(f"{CONFIG} names {path}, which cannot be read: {reason} — {_CHECK}") from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise DetectorError(f"{where}: not valid YAML: {problem or 'it cannot be read'}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DetectorError(f"{path}: settings are `name: value` lines, one for each setting")
    for name in found:
        if name in SECRETS:
            raise DetectorError(f"{path}: {name} does not belong here — write {name}_file: and the path of a file")
        if name not in Settings.model_fields:
            raise _unknown(f"{path}: unknown setting", str(name), Settings.model_fields)
    return {name: value for name, value in found.items() if value is not None}


def _open_secrets(values: dict[str, Any], origins: dict[str, Origin]) -> None:
    """Read every `*_file` secret into its twin; a file's last line break is not part of the secret."""
    for name in SECRETS:
        twin = f"{name}_file"
        if twin not in values:
            continue
        if name in values:
            raise DetectorError(f"{origins[name].name} and {origins[twin].name} are both set — keep one of them")
        try:
            secret = Path(str(values[twin])).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            said = f"{origins[twin].name} names {values[twin]}, which cannot be read: {reason}"
            raise DetectorError(f"{said} — {_CHECK}") from None
        if not secret or len(secret) > SECRET_LIMIT or "\n" in secret:
            raise DetectorError(f"{origins[twin].name}: {values[twin]} must be one line, 1-{SECRET_LIMIT} characters")
        values[name], origins[name] = SecretStr(secret), origins[twin]


def _explain(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, Origin]) -> str:
    """Say in one line which values were refused and why; values of secrets and brokers are not repeated."""
    said = []
    problems = error.errors(include_url=False, include_input=False)
    for problem in problems:
        name = str(problem["loc"][0]) if problem["loc"] else ""
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_pattern_mismatch" and NAME in problem["ctx"]["pattern"]:
            most = str(problem["ctx"]["pattern"]).rpartition(",")[2].partition("}")[0]
            message = f"write at most {most} letters, digits, dots, underscores and hyphens"
        if not name:  # settings that do not go together: the message begins with the first one's name
            name, _, message = message.partition(": ")
        given = values.get(name)
        shown = "" if given is None or name in SECRETS or name == "brokers" else f"={str(given)[:60]!a}"
        source = origins.get(name, Origin("default", name))
        if source.kind == "default" and given is None and len(problems) > 1:
            continue  # a default made of another value that is wrong itself
        said.append(f"{name if source.kind == 'default' else source.name}{shown}: {message[:1].lower()}{message[1:]}")
    return "; ".join(dict.fromkeys(said))
