"""The commands `detector topics apply`, `check` and `acls`."""

from typing import TYPE_CHECKING

import click

from detector.settings.options import CONNECTION, settings_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.access import Format
    from detector.settings import Settings
    from schemas.access import Principal
    from schemas.topics import Topic

SETTINGS = (*CONNECTION, "app_id", "partitions", "replication_factor", "record_time")
DIFFERENT = 1
"""Exit code of `check` when a topic is not as it must be."""

imports = click.option(
    "--import", "imports", is_flag=True, help="in-topics for history: the events' own times, nothing is ever deleted"
)


@click.group()
def topics() -> None:
    """Make the topics on the brokers what they must be."""


@topics.command()
@settings_options(*SETTINGS)
@imports
def apply(settings: "Settings", *, imports: bool) -> None:
    """Create the topics that are missing and correct settings that differ; a second run changes nothing."""
    from detector.brokers import connection
    from detector.topics import MISSING, apply

    wanted = _wanted(settings, imports=imports)
    done = apply(connection(settings), wanted, replicas=settings.replication_factor)
    for one in done:
        if one.setting == MISSING:
            click.echo(f"{one.topic}: created")
        else:
            click.echo(f"{one.topic}: {one.setting} changed from {one.found or 'not set'} to {one.wanted}")
    click.echo(f"{len(wanted)} topics are as they must be")


@topics.command()
@settings_options(*SETTINGS)
@imports
@click.pass_context
def check(context: click.Context, settings: "Settings", *, imports: bool) -> None:
    """Say line by line what `apply` would change; exit 1 when there is something."""
    from detector.brokers import connection
    from detector.topics import check

    wanted = _wanted(settings, imports=imports)
    found = check(connection(settings), wanted, replicas=settings.replication_factor)
    for one in found:
        click.echo(str(one))
    if found:
        context.exit(DIFFERENT)
    click.echo(f"{len(wanted)} topics are as they must be")


@topics.command()
@click.option("--format", "form", type=click.Choice(["table", "commands", "json", "yaml"]), default="table")
@click.option("--only", "roles", metavar="ROLE", multiple=True, help="Only this role's rights; may be given again.")
@click.option(
    "--user", "users", metavar="ROLE=NAME", multiple=True, help="Kafka's name of a role's user; default User:ROLE."
)
@click.option("--apply", "applied", is_flag=True, help="Give these rights; takes ALTER on the cluster.")
@settings_options(*CONNECTION, "app_id")
def acls(
    settings: "Settings", *, form: "Format", roles: tuple[str, ...], users: tuple[str, ...], applied: bool
) -> None:
    """Print who needs which right, and no more: as a table, as kafka-acls.sh commands, or as data.

    Nobody needs a right on the cluster. READ and WRITE imply DESCRIBE; a name that ends in * in the table stands for
    all that begin so. Without --apply no broker is asked; with it the rights that were missing are printed, and none is
    ever taken away.
    """
    from detector.access import written
    from detector.brokers import connection
    from schemas.access import acls

    only = {_role(role, "--only") for role in roles}
    named = {_role(role, "--user"): name for role, _, name in (user.partition("=") for user in users)}
    if not all(named.values()) or len(named) < len(users):
        raise click.UsageError("--user takes ROLE=NAME, each role once")
    found = [acl for acl in acls(settings.app_id, prefix=settings.topic_prefix) if not only or acl.principal in only]
    if applied:
        from detector.grants import grant

        added = grant(connection(settings), found, users=named)
        click.echo(f"{len(added)} rights given, {len(found) - len(added)} were there", err=True)
        if not added and form in ("table", "commands"):
            return
        found = [*added]
    click.echo(written(found, form, users=named, brokers=",".join(settings.brokers)))


def _role(name: str, option: str) -> "Principal":
    from schemas.access import PRINCIPALS

    for role in PRINCIPALS:
        if role == name:
            return role
    raise click.UsageError(f"{option}: {name!r} is none of {', '.join(PRINCIPALS)}")


def _wanted(settings: "Settings", *, imports: bool) -> "Sequence[Topic]":
    from schemas.topics import topics

    return topics(
        partitions=settings.partitions,
        prefix=settings.topic_prefix,
        imports=imports or settings.record_time == "create",
        app_id=settings.app_id,
    )
