"""Commands and Kafka: how to get in, waiting 10 s for a broker, and its errors as one line for a person."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from detector.errors import AUTH, CONFIG, TEMPORARY, DetectorError
from detector.settings import Settings

PATIENCE: Final = 10.0
"""Seconds a command waits for a broker that does not answer."""

IMPORT_TOPICS: Final = "create import topics with `detector topics apply --import`"

AGAIN: Final = 0.25
STOPPING: Final = 2.0

Options = dict[str, Any]
"""Arguments that every client of aiokafka takes: addresses and how to get in."""


def client_options(settings: Settings) -> Options:
    """Give the arguments for aiokafka's clients. Raises DetectorError (78) for certificates that cannot be used."""
    options: Options = {"bootstrap_servers": list(settings.brokers)}
    if settings.tls:
        options |= {"security_protocol": "SSL", "ssl_context": _tls(settings)}
    if settings.sasl_username and settings.sasl_password:
        options |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    password = settings.tls_key_password
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_certificate_file:
            context.load_cert_chain(
                settings.tls_certificate_file,
                settings.tls_key_file,
                password.get_secret_value() if password else "",
            )
    except (OSError, ssl.SSLError) as error:
        raise DetectorError(
            f"the TLS files cannot be used: {error} — check tls_*_file and the key's password"
        ) from None
    return context


class _Heard(logging.Handler):
    """Keeps what the client logs: the reason of a refused connection stands only there."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = f"{self.text}\n{record.getMessage()}"[-4_000:]


@contextmanager
def explained(options: Options) -> Iterator[None]:
    """Turn what goes wrong with Kafka inside into a DetectorError (75, 77 or 78); the client's own log stays silent."""
    heard, logger = _Heard(), logging.getLogger("aiokafka")
    before = logger.propagate
    logger.propagate = False
    logger.addHandler(heard)
    try:
        yield
    except (errors.KafkaError, TimeoutError) as error:
        raise _explain(error, heard.text, ",".join(options["bootstrap_servers"])) from error
    finally:
        logger.removeHandler(heard)
        logger.propagate = before


def _explain(error: Exception, heard: str, brokers: str) -> DetectorError:
    said = f"{error!r} {heard}"
    known = (
        ("AuthenticationFailed", AUTH, f"{brokers} refuses the login — check sasl_username and its password"),
        ("UnsupportedSaslMechanism", AUTH, f"{brokers} knows no such login — check sasl_mechanism"),
        ("CERTIFICATE_VERIFY_FAILED", CONFIG, f"the certificate of {brokers} is not trusted — check tls_ca_file"),
        ("AuthorizationFailed", AUTH, f"{brokers} does not permit this: {error} — ask for the rights"),
        ("InvalidTimestamp", CONFIG, f"a topic refuses records this old — {IMPORT_TOPICS}"),
        ("TooLarge", CONFIG, "a record is larger than its topic takes — raise the topic's max.message.bytes"),
    )
    for word, code, message in known:
        if word in said:
            return DetectorError(message, code)
    if isinstance(error, errors.KafkaConnectionError | TimeoutError):
        return DetectorError(f"no broker answers at {brokers} — start it, or name another with --brokers", TEMPORARY)
    return DetectorError(f"{brokers} answers with {error!r} — try again", TEMPORARY)


@asynccontextmanager
async def started(make: Callable[[], Any], *, patience: float = PATIENCE) -> AsyncIterator[Any]:
    """Start a client that `make` makes, and stop it in the end; a broker may take `patience` seconds to answer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        client = make()
        try:
            await asyncio.wait_for(client.start(), max(deadline - loop.time(), AGAIN))
            break
        except (errors.KafkaConnectionError, TimeoutError):
            await _stop(client)
            if loop.time() + AGAIN >= deadline:
                raise
            await asyncio.sleep(AGAIN)
        except BaseException:
            await _stop(client)
            raise
    try:
        yield client
    finally:
        await _stop(client)


async def _stop(client: Any) -> None:
    """End a client; what it cannot deliver within STOPPING seconds is given up."""
    stop = client.close if isinstance(client, AIOKafkaAdminClient) else client.stop
    try:
        await asyncio.wait_for(stop(), STOPPING)
    except (errors.KafkaError, TimeoutError):
        logging.getLogger("aiokafka").warning("a client did not end in time")


class Topics:
    """What the brokers say of some topics."""

    def __init__(self, partitions: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]) -> None:
        self.partitions = partitions
        """Topic -> count of partitions; one that does not exist is missing."""
        self.configs = configs
        """Topic -> setting -> value; one whose settings may not be read is missing."""


async def describe(options: Options, topics: Sequence[str]) -> Topics:
    """Ask for the partitions and the settings of topics."""
    async with started(lambda: AIOKafkaAdminClient(**options)) as admin:
        found = [topic for topic in await admin.describe_topics(list(topics)) if topic["error_code"] == 0]
        partitions = {topic["topic"]: len(topic["partitions"]) for topic in found}
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in partitions]
        configs: dict[str, dict[str, str]] = {}
        for response in await admin.describe_configs(asked) if asked else []:
            for code, _, _, name, entries in response.resources:
                if code == 0:
                    configs[name] = {entry[0]: entry[1] for entry in entries}
    return Topics(partitions, configs)


def equal_partitions(topics: Topics, needed: Sequence[str]) -> int:
    """Give the one count of partitions that `needed` topics have.

    Raises DetectorError (78) where a topic is missing or counts differ.
    """
    missing = [topic for topic in needed if topic not in topics.partitions]
    if missing:
        raise DetectorError(f"there is no topic {', '.join(missing)} — create it with `detector topics apply`")
    counts = {topics.partitions[topic] for topic in needed}
    if len(counts) > 1:
        listed = ", ".join(f"{topic} {topics.partitions[topic]}" for topic in needed)
        raise DetectorError(f"the topics differ in partitions ({listed}) — create them with `detector topics apply`")
    return counts.pop()
