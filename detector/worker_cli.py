"""The command `detector worker`."""

from typing import TYPE_CHECKING

import click

from detector.settings.options import EVERY, settings_options

if TYPE_CHECKING:
    from detector.settings import Settings


@click.command()
@settings_options(*EVERY)
@click.pass_context
def worker(context: click.Context, settings: "Settings") -> None:
    """Read events from Kafka and publish alerts, until SIGTERM or Ctrl-C.

    Waits for its brokers without limit; an outage while it runs may end it once, with 75: started again it waits.
    Serves /metrics, /livez and /readyz.
    """
    from detector.brokers import connection

    connection(settings)  # certificates that cannot be used are told before what takes longer to import
    from detector.worker import run

    context.exit(run(settings))
