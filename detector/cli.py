"""The commands, found by name and imported only when they are called, and the one place where failures become words."""

import contextlib
import errno
import importlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, NoReturn

import click

from detector.errors import INTERNAL, IO, DetectorError

USAGE: Final = 2
INTERRUPTED: Final = 130
READER_GONE: Final = 141
"""What a shell reports for a command whose reader left (128 + SIGPIPE)."""


class Place(NamedTuple):
    """Where a command is to be found, and its line in the help (known without importing it)."""

    module: str
    name: str
    help: str


COMMANDS: Final = {
    "demo": Place("detector.demo.cli", "demo", "Show it all on a Kafka of its own, in 80 seconds."),
    "worker": Place("detector.worker_cli", "worker", "Read events from Kafka and publish alerts, until stopped."),
    "topics": Place("detector.topics_cli", "topics", "Create and check the Kafka topics; who needs which right."),
    "replay": Place("detector.backtest.cli", "replay", "Run files of events through the rules, without Kafka."),
    "emit": Place("detector.files.cli", "emit", "Send files of events to Kafka."),
    "export": Place("detector.files.cli", "export", "Write the in-topics to a file that can be replayed."),
    "dead-letters": Place("detector.dead_letters.cli", "dead_letters", "Show what could not be used; send it again."),
    "snapshot": Place("detector.files.state_cli", "snapshot", "Write the state of the accounts to files."),
    "reshard": Place("detector.files.state_cli", "reshard", "Put it back, over another number of partitions."),
    "rules": Place("detector.backtest.rules_cli", "rules", "Check a pack of rules, test it, and say what it needs."),
    "settings": Place("detector.settings.cli", "settings", "Show the settings in force and where they come from."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that `--help` answers at once."""

    def __init__(self, *args: Any, places: Mapping[str, Place] = COMMANDS, **options: Any) -> None:
        super().__init__(*args, **options)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        del ctx
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that is none."""
        del ctx
        place = self._places.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place.module), place.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, importing nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in self._places.items()])


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from detector.version import build_version

        click.echo(f"detector {build_version()}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Say which.")
def detector() -> None:
    """Tell, the minute it begins, that a customer's value is decaying, why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code; whatever fails is told in one line on stderr."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str], group: click.Group = detector) -> int:
    """Run one command and give its exit code: 0, 2 wrong usage, 70-78 as in `errors`, 130 interrupted."""
    try:
        with group.make_context("detector", list(arguments)) as context:
            group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback is no answer to a person
        return _answer(error)
    return 0


def _answer(error: BaseException) -> int:
    """Tell a person what failed, and give the exit code."""
    match error:
        case DetectorError():
            code = _tell(str(error), error.exit_code)
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            code = USAGE
        case click.UsageError():
            code = _tell(_usage(error), USAGE)
        case click.ClickException():
            code = _tell(error.format_message(), IO)
        case KeyboardInterrupt() | click.Abort():
            code = INTERRUPTED
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter's last flush would complain
            code = READER_GONE
        case OSError():
            code = _tell(_io(error), IO)
        case _:
            code = _unexpected(error)
    return code


def _tell(message: str, code: int) -> int:
    from detector.logs import visible

    with contextlib.suppress(OSError):  # where nobody can be told, the code still says it
        click.echo(f"detector: {visible(' '.join(message.split()))}", err=True)
    return code


def _usage(error: click.UsageError) -> str:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    command = error.ctx.command_path if error.ctx else ""
    nearest: Sequence[str] = ()
    unknown = re.fullmatch(r"no such command '(.*)'", message, re.DOTALL)
    if isinstance(error, click.NoSuchOption):
        message, nearest = f"{command} has no option {error.option_name}", error.possibilities or ()
    elif unknown and error.ctx and isinstance(error.ctx.command, click.Group):
        message = f"{command} has no command {unknown[1]}"
        nearest = get_close_matches(unknown[1], error.ctx.command.list_commands(error.ctx), n=1)
    asking = f"`{command} --help`" if command else "`--help`"
    return f"{message} — " + (f"did you mean {nearest[0]}?" if nearest else f"{asking} says what there is")


def _io(error: OSError) -> str:
    what = f"{error.filename}: " if error.filename is not None else ""
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    advice = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the path and its rights"
    return f"{what}{reason} — {advice}"


def _unexpected(error: BaseException) -> int:
    import logging

    from detector import logs

    if not logging.getLogger().handlers:
        debug = os.environ.get("DETECTOR_LOG_LEVEL", "").lower() == "debug"
        logs.configure(level="debug" if debug else "error")
    log = logging.getLogger("detector.cli")
    log.debug("unexpected failure", exc_info=error)
    told = log.isEnabledFor(logging.DEBUG)
    where = "the details are in the log above" if told else "DETECTOR_LOG_LEVEL=debug shows where"
    return _tell(f"this is a mistake of the detector itself ({type(error).__name__}) — {where}", INTERNAL)
