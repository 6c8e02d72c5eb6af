"""`detector settings show`: what this process would run with, and why."""

import click

from detector.settings.load import read
from detector.settings.options import EVERY, raw_options
from detector.settings.show import show


@click.group()
def settings() -> None:
    """Show the settings in force and where they come from."""


@settings.command("show")
@raw_options(*EVERY)
def show_settings(**flags: object) -> None:
    """Print every setting with its value and its source, as YAML that DETECTOR_CONFIG can name; never a secret."""
    click.echo(show(*read(flags)))
