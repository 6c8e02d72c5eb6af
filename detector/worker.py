"""Puts the worker together: every part is made from the settings here, and there is no logic."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from detector import codec, logs
from detector.brokers import connection, trust_ends
from detector.catalogue.pack import load_plan
from detector.domain.events import Event
from detector.domain.partition import Partition
from detector.domain.plan import Plan
from detector.domain.record import RawRecord, Reject
from detector.domain.state import PARTITION_KEY, made_anew
from detector.domain.versions import StateError
from detector.settings import Settings
from detector.streaming.app import run_worker
from detector.streaming.audience import Audience
from detector.streaming.fold import Encoders, Fold
from detector.streaming.health import Health
from detector.streaming.http_server import HttpServer
from detector.streaming.limit import DeadLetterLimit
from detector.streaming.meter import Meter
from detector.streaming.observer import Observer
from detector.streaming.options import Broker, WorkerOptions
from detector.streaming.watchdog import Watchdog
from detector.streaming.writer import CrashPoint
from detector.topic_check import look
from detector.topics import identities
from detector.version import versions
from schemas.topics import ALERTS, DEAD_LETTERS, HEALTH, IN_TOPICS, topics

Decode = Callable[..., Event | Reject]
"""Called as `codec.decode` is."""

HEARTBEATS: Final = 3.0
"""In the time after which a silent worker loses its partitions: two may be lost."""


def run(
    settings: Settings,
    *,
    crash_point: CrashPoint = lambda _name: None,
    decode: Decode = codec.decode,
    listeners: Sequence[Observer] = (),
) -> int:
    """Run a worker in this process until it is asked to stop, and give its exit code.

    `crash_point` hears each step of a checkpoint, `decode` stands in for the codec's, and `listeners` hear what the
    worker does: fault tests end it, slow it and watch it so. Raises DetectorError for what must be put right before it
    can join its group: 77 and 78.
    """
    logs.configure(format=settings.log_format, level=settings.log_level, secrets=settings.secrets())
    options, plan = options_of(settings), load_plan(settings.pack)
    health = Health()
    metrics = Meter(
        topics=options.topics, rules=[rule.id for rule in plan.rules], live=settings.record_time == "log_append"
    )
    metrics.describe(versions(), settings.digest(), trust_ends(settings))
    server = HttpServer(
        host=settings.http_host,
        port=settings.http_port,
        health=health,
        metrics=lambda: metrics.exposition(ready=health.ready().ok, hanging=health.hanging()),
        token=settings.http_token.get_secret_value() if settings.http_token else None,
    )
    log = structlog.get_logger("detector.worker")
    log.info("starting", **versions(), app_id=settings.app_id, settings=settings.digest(), rules=len(plan.rules))
    log.info("serving /metrics, /livez and /readyz", host=settings.http_host, port=server.start())
    watchdog = Watchdog(health.live, os._exit)
    watchdog.start()
    limit = DeadLetterLimit(options.topics, on=settings.dead_letter_limit)
    topic_ids: dict[str, str] = {}

    def look_at_topics() -> int:
        topic_ids.update(identities(connection(settings), options.topics))
        return partitions_found(settings, options)

    try:
        return run_worker(
            options,
            lambda number, store, partitions: partition(
                number, store, settings, plan, partitions=partitions, decode=decode, limit=limit, topic_ids=topic_ids
            ),
            Encoders(codec.encode_alert, codec.encode_health, codec.encode_dead_letter),
            look_at_topics,
            Audience(health, metrics, *listeners),
            crash_point=crash_point,
            limit=limit,
        )
    finally:
        watchdog.stop()
        server.stop()


def options_of(settings: Settings) -> WorkerOptions:
    """What the streaming engine is told; raises DetectorError (78) for certificates that cannot be used."""
    way_in, prefix = connection(settings), settings.topic_prefix
    return WorkerOptions(
        app_id=settings.app_id,
        broker=Broker(
            ",".join(settings.brokers),
            ssl_context=way_in.get("ssl_context"),
            sasl_mechanism=way_in.get("sasl_mechanism"),
            username=way_in.get("sasl_plain_username", ""),
            password=way_in.get("sasl_plain_password", ""),
        ),
        topics=tuple(prefix + topic for topic in IN_TOPICS),
        alerts_topic=prefix + ALERTS,
        health_topic=prefix + HEALTH,
        dead_letters_topic=prefix + DEAD_LETTERS,
        record_time=settings.record_time,
        group_instance_id=settings.group_instance_id,
        session_timeout=settings.session_timeout_seconds,
        heartbeat_interval=settings.session_timeout_seconds / HEARTBEATS,
        checkpoint_interval=settings.checkpoint_interval_seconds,
        in_flight_records=settings.in_flight_records,
        source_idle_seconds=settings.source_idle_seconds,
    )


def partitions_found(settings: Settings, options: WorkerOptions) -> int:
    """Look at the topics of these settings; gives and raises what `look` does."""
    names = {*options.topics, options.changelog}
    imports = settings.record_time == "create"
    registered = topics(prefix=settings.topic_prefix, imports=imports, app_id=settings.app_id)
    return look(
        connection(settings),
        [topic for topic in registered if topic.name in names],
        [options.alerts_topic, options.health_topic, options.dead_letters_topic],
        record_time=settings.record_time,
    )


def partition(
    number: int,
    store: dict[bytes, bytes],
    settings: Settings,
    plan: Plan,
    *,
    partitions: int,
    decode: Decode = codec.decode,
    limit: DeadLetterLimit | None = None,
    topic_ids: Mapping[str, str] | None = None,
) -> Fold:
    """Make the domain's partition of this number, one of `partitions`, over its committed state.

    `limit` hears what became of each record; `topic_ids` tell topics from those that had their names before.
    """
    names = tuple(settings.topic_prefix + topic for topic in IN_TOPICS)
    counts = limit or DeadLetterLimit(names)
    taken = counts.taken

    def decoded(record: RawRecord, topic: str) -> Event | Reject:
        found = decode(record, topic=topic, partition=number, partitions=partitions)
        if found.__class__ is Reject:
            counts.rejected(topic, found)
        else:
            taken[topic] += 1
        return found

    with suppress(StateError):  # what cannot be read is told by `restore`
        for topic in sorted(made_anew(store.get(PARTITION_KEY), topic_ids or {})):
            structlog.get_logger("detector.worker").warning(
                "the topic was made anew: it is read from its beginning", topic=topic, partition=number
            )
    return Partition(
        number,
        plan=plan,
        topics=names,
        decode=decoded,
        store=store,
        topic_ids=topic_ids,
        record_time=settings.record_time,
        minor=int(settings.state_write_version.partition(".")[2]),
    )
