"""Settings as options of a command: one decorator, names and texts taken from the model, no flag for a secret."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from detector.settings.load import load
from detector.settings.model import SECRETS, Settings

CONNECTION: Final = (
    "environment",
    "brokers",
    "topic_prefix",
    "tls",
    "tls_ca_file",
    "tls_certificate_file",
    "tls_key_file",
    "tls_key_password_file",
    "sasl_mechanism",
    "sasl_username",
    "sasl_password_file",
)
"""What every command that talks to a broker lets be set."""

EVERY: Final = tuple(name for name in Settings.model_fields if name not in SECRETS)

Command = Callable[..., Any]


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Give a command one option for each of these settings, and the loaded `Settings` as its argument `settings`.

    What is wrong with them is raised as DetectorError (78) before the command runs.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_settings(**given: Any) -> Any:
            flags = {name: given.pop(name) for name in names}
            return command(settings=load(flags), **given)

        return raw_options(*names)(with_settings)

    return decorate


def raw_options(*names: str) -> Callable[[Command], Command]:
    """Give a command the same options, unread: each is a text (a flag: a bool), None when not given."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _option(name)(command)
        return command

    return decorate


def _option(name: str) -> Callable[[Command], Command]:
    field = Settings.model_fields[name]
    flag = "--" + name.replace("_", "-")
    text = _text(field)
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=text)
    return click.option(flag, name, metavar=_metavar(name, field.annotation), help=text)


def _text(field: FieldInfo) -> str:
    text, default = field.description or "", field.default
    if default in (None, "") or isinstance(default, bool) or "default" in text:
        return text
    shown = ",".join(default) if isinstance(default, tuple) else str(default)
    return f"{text}  [default: {shown}]"


def _metavar(name: str, annotation: Any) -> str:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    special = {"brokers": "HOST:PORT,…", "pack": "FOLDER"}
    return special.get(name) or (
        "FILE" if name.endswith("_file") else {int: "N", float: "SECONDS"}.get(annotation, "TEXT")
    )
