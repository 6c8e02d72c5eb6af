"""P25: what a person must put right stops the start before the group is joined, and is told with what to do."""

import os
import re
import resource
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kafka.admin import KafkaAdminClient

from detector.errors import CONFIG
from detector.topics import apply
from schemas.topics import IN_TOPICS, Topic, topics
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.ops.worker_command import refused

SECONDS: Final = 5.0
"""So soon it must have ended."""

PACK: Final = Path("detector/catalogue/value_decay.yaml")
Wrong = Callable[[list[Topic]], Iterable[Topic]]


@dataclass(frozen=True)
class Case:
    """One wrong configuration; `names` must be in what is said, and so must `advises`."""

    names: str
    advises: str
    variables: dict[str, str] = field(default_factory=dict)
    settings: str | None = None
    """Text of the file that DETECTOR_CONFIG names."""
    pack: tuple[str, str] | None = None
    """What to replace in the built-in rules, and by what."""
    tenants: str | None = None
    topics: Wrong | None = None
    """What becomes of the topics as they should be; they are made on the broker."""


def without(name: str) -> Wrong:
    return lambda whole: [topic for topic in whole if not topic.name.endswith(name)]


def changed(name: str, **how: object) -> Wrong:
    return lambda whole: [
        replace(topic, **how) if topic.name.endswith(name) else topic  # type: ignore[arg-type] # fields by name
        for topic in whole
    ]


VARIABLES: Final = (
    # a name that there is not
    Case("DETECTOR_BROKER", "did you mean DETECTOR_BROKERS?", {"DETECTOR_BROKER": "x"}),
    Case("DETECTOR_AUTO_OFFSET_RESET", "lists what there is", {"DETECTOR_AUTO_OFFSET_RESET": "latest"}),
    Case("DETECTOR_OFFSET", "lists what there is", {"DETECTOR_OFFSET": "latest"}),
    # a value that cannot be
    Case("DETECTOR_RECORD_TIME", "'log_append' or 'create'", {"DETECTOR_RECORD_TIME": "latest"}),
    Case("DETECTOR_HTTP_PORT", "valid integer", {"DETECTOR_HTTP_PORT": "http"}),
    Case("DETECTOR_HTTP_PORT", "less than or equal to 65535", {"DETECTOR_HTTP_PORT": "99999"}),
    Case("DETECTOR_SESSION_TIMEOUT_SECONDS", "greater than or equal to 1", {"DETECTOR_SESSION_TIMEOUT_SECONDS": "-5"}),
    Case("DETECTOR_SESSION_TIMEOUT_SECONDS", "less than or equal", {"DETECTOR_SESSION_TIMEOUT_SECONDS": "inf"}),
    Case("DETECTOR_CHECKPOINT_INTERVAL_SECONDS", "greater", {"DETECTOR_CHECKPOINT_INTERVAL_SECONDS": "0"}),
    Case("DETECTOR_IN_FLIGHT_RECORDS", "greater than or equal to 1000", {"DETECTOR_IN_FLIGHT_RECORDS": "1"}),
    Case("DETECTOR_ENVIRONMENT", "'dev' or 'prod'", {"DETECTOR_ENVIRONMENT": "staging"}),
    Case("DETECTOR_APP_ID", "write at most", {"DETECTOR_APP_ID": "my app"}),
    Case("DETECTOR_TOPIC_PREFIX", "write at most", {"DETECTOR_TOPIC_PREFIX": "a/b"}),
    Case("DETECTOR_LOG_LEVEL", "'debug', 'info'", {"DETECTOR_LOG_LEVEL": "loud"}),
    Case("DETECTOR_BROKERS", "without a scheme", {"DETECTOR_BROKERS": "kafka://127.0.0.1:9092"}),
    Case("DETECTOR_BROKERS", "use sasl_username", {"DETECTOR_BROKERS": "me:canary@127.0.0.1:9092"}),
    # what does not go together, or is not safe
    Case("DETECTOR_REPLICATION_FACTOR", "prod needs 2 or more",
         {"DETECTOR_ENVIRONMENT": "prod", "DETECTOR_REPLICATION_FACTOR": "1"}),
    Case("DETECTOR_SASL_USERNAME", "set tls=true", {"DETECTOR_SASL_USERNAME": "u", "DETECTOR_SASL_PASSWORD": "canary"}),
    Case("DETECTOR_SASL_USERNAME", "needs sasl_password_file", {"DETECTOR_SASL_USERNAME": "u", "DETECTOR_TLS": "1"}),
    Case("DETECTOR_SASL_MECHANISM", "SCRAM-SHA-512", {"DETECTOR_SASL_MECHANISM": "GSSAPI"}),
    Case("DETECTOR_TLS_CA_FILE", "check the path", {"DETECTOR_TLS": "1", "DETECTOR_TLS_CA_FILE": "no.pem"}),
    Case("TLS files", "check tls_ca_file", {"DETECTOR_TLS": "1", "DETECTOR_TLS_CA_FILE": __file__}),
    Case("tls", "set tls=true", {"DETECTOR_TLS_CA_FILE": __file__}),
    Case("DETECTOR_HTTP_HOST", "set http_token_file", {"DETECTOR_HTTP_HOST": "0.0.0.0"}),  # noqa: S104
    Case("DETECTOR_HTTP_TOKEN_FILE", "check the path", {"DETECTOR_HTTP_TOKEN_FILE": "no.txt"}),
    Case("DETECTOR_PACK", "check the path", {"DETECTOR_PACK": "no/such"}),
    # the file
    Case("DETECTOR_CONFIG", "check the path", {"DETECTOR_CONFIG": "no.yaml"}),
    Case("htpp_port", "did you mean http_port?", settings="htpp_port: 1\n"),
    Case("http_port", "stands twice", settings="http_port: 1\nhttp_port: 2\n"),
    Case("sasl_password", "write sasl_password_file:", settings="sasl_password: canary\n"),
)  # fmt: skip

PACKS: Final = (
    Case("usage.dark: unknown word 'mesure'", "did you mean 'measure'?",
         pack=("    measure: last_usage\n", "    mesure: last_usage\n")),
    Case("incident.untold: within: '30min'", "is no duration", pack=("within: 30m\n", "within: 30min\n")),
    Case("usage.drop: window: '-7d'", "is no duration", pack=("    window: 7d\n", "    window: -7d\n")),
    Case("release", "whole number from 1 on", pack=("release: 1\n", "release: 0\n")),
    Case("tenants.yaml", "did you mean", tenants="release: 1\ntenants:\n  acme: {sned: all}\n"),
)  # fmt: skip

TOPICS: Final = (
    Case(IN_TOPICS[1], "run `detector topics apply`", topics=without(IN_TOPICS[1])),
    Case("changelog", "run `detector topics apply`", topics=without("changelog")),
    Case("usage.events.v1 has 3", "make them anew", topics=changed(IN_TOPICS[0], partitions=3)),
    Case("changelog has 3", "make them anew", topics=changed("changelog", partitions=3)),
    Case("has CreateTime", "set record_time=create", topics=changed(IN_TOPICS[2], timestamps="CreateTime")),
    Case("is in use", "set another http_port"),  # of the whole and right topics
)  # fmt: skip


def play(stage: Stage) -> None:
    """Each is started as a person would; the slowest counts. On a busy machine it is the CPU time that counts."""
    cases = [*VARIABLES, *PACKS, *TOPICS]
    with stage.broker() as broker, ExitStack() as stack:
        admin = KafkaAdminClient(bootstrap_servers=broker)
        stack.callback(admin.close)
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        before = _groups(admin)
        took = []
        for case in cases:
            wall, cpu = _try(stage, broker, taken, case)
            busy = os.getloadavg()[0] > (os.cpu_count() or 1)
            took.append((wall, cpu))
            assert (cpu if busy else wall) <= SECONDS, f"{case.names}: it took {wall:.1f} s, {cpu:.1f} s of CPU"
            stage.rounds_done += 1
        stage.figure("slowest s", max(wall for wall, _ in took))
        stage.figure("CPU s", max(cpu for _, cpu in took))
        joined = _groups(admin) - before
        assert not joined, f"these groups were joined: {joined}"


def _groups(admin: KafkaAdminClient) -> set[str]:
    return {str(group["group_id"]) for group in admin.list_groups()}


def _try(stage: Stage, broker: str, taken: int, case: Case) -> tuple[float, float]:
    prefix = f"p25-{time.time_ns()}-"
    folder = stage.folder / prefix
    folder.mkdir()
    variables = {"DETECTOR_BROKERS": broker, "DETECTOR_TOPIC_PREFIX": prefix} | dict(_files(case, folder))
    if case in TOPICS:
        whole = list(topics(partitions=2, prefix=prefix, app_id=f"{prefix}value-decay"))
        apply({"bootstrap_servers": broker}, list((case.topics or list)(whole)))
    port = "0" if case.topics or "DETECTOR_HTTP_PORT" in case.variables else str(taken)
    if port == "0" or case in TOPICS:
        variables = {"DETECTOR_HTTP_PORT": port} | variables
    began, before = time.monotonic(), _cpu_of_others()
    code, said = refused("worker", **variables | case.variables)
    seconds, cpu = time.monotonic() - began, _cpu_of_others() - before
    stage.say(f"{code} after {seconds:.1f} s: {said}")
    assert code == CONFIG, f"ended with {code}: {said}"
    assert case.names in said, f"{case.names} is not named: {said}"
    assert case.advises in said, f"nothing says {case.advises!r}: {said}"
    assert "canary" not in said, f"a secret was told: {said}"
    return seconds, cpu


def _cpu_of_others() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _files(case: Case, folder: Path) -> Iterator[tuple[str, str]]:
    if case.settings is not None:
        (folder / "detector.yaml").write_text(case.settings)
        yield "DETECTOR_CONFIG", str(folder / "detector.yaml")
    if case.pack is not None:
        text, (right, wrong) = PACK.read_text("utf-8"), case.pack
        assert len(re.findall(re.escape(right), text)) > 0, f"{right!r} is not in the built-in rules"
        (folder / "value_decay.yaml").write_text(text.replace(right, wrong, 1))
    if case.tenants is not None:
        (folder / "tenants.yaml").write_text(case.tenants)
    if case.pack is not None or case.tenants is not None:
        yield "DETECTOR_PACK", str(folder)


PROMISE = Promise("P25", "wrong settings, packs and topics stop the start, with 78 and what to do", play)
