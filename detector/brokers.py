"""How every client gets to the brokers, and its failures as one line for a person; knows no client library itself."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from detector.errors import AUTH, CONFIG, TEMPORARY, DetectorError
from detector.settings import Settings

PATIENCE_SECONDS: Final = 10.0
"""How long a command waits for a broker that does not answer; a worker waits without limit."""

Connection = Mapping[str, Any]
"""The arguments of a client, `bootstrap_servers` among them; aiokafka and kafka-python name them alike."""

_WANTED: Final = "{brokers} wants a certificate of ours — check tls_certificate_file"
_KNOWN: Final = (
    ("AuthenticationFailed", AUTH, "{brokers} refuses the login — check sasl_username and its password"),
    ("UnsupportedSaslMechanism", AUTH, "{brokers} knows no such login — check sasl_mechanism"),
    ("certificate has expired", AUTH, "a certificate has expired — renew it"),
    ("is not valid for", AUTH, "{brokers} is not the host name in its certificate — use the one that is"),
    ("CERTIFICATE_VERIFY_FAILED", AUTH, "the certificate of {brokers} is not trusted — check tls_ca_file"),
    ("CERTIFICATE_REQUIRED", AUTH, _WANTED),
    ("ALERT_BAD_CERTIFICATE", AUTH, _WANTED),  # so Java says that there was none
    ("ALERT_CERTIFICATE_EXPIRED", AUTH, "our certificate has expired — renew tls_certificate_file"),
    (
        "ALERT_CERTIFICATE_UNKNOWN",
        AUTH,
        "{brokers} refuses our certificate: expired, or of an unknown signer — renew it",
    ),
    ("UNKNOWN_CA", AUTH, "{brokers} does not know who signed our certificate — check tls_certificate_file"),
    ("Handshake failed", CONFIG, "{brokers} talks no TLS that we know — check tls and the address"),
    ("SecurityDisabled", CONFIG, "{brokers} keeps no list of rights — set authorizer.class.name there"),
    ("AuthorizationFailed", AUTH, "{brokers} does not permit this: {error} — ask for the rights"),
)
"""Words of an error or of the client's log, the exit code, and what to tell."""

_LOST: Final = (ConnectionResetError, ConnectionAbortedError, ConnectionRefusedError)
"""What the network says itself; a BrokenPipeError may as well be of a pipe that we write to."""

_WHISPERS: Final = "aiokafka.conn"
_CLOSING: Final = "Closing connection"
"""Why a broker closed a connection: this logger knows, and says so at debug only."""

_RESET: Final = "\0reset"
"""Our own word for a connection that was reset before anything was said: so TLS fares where the other talks none."""
_UNABLE: Final = "Unable connect to"

_HUNG_UP: Final = ("socket disconnected", "Connection at ")
_NOBODY: Final = ("ECONNREFUSED", "Connect call failed")
"""As the one client and the other has it."""


def connection(settings: Settings) -> dict[str, Any]:
    """The arguments for a client. Raises DetectorError (78) for certificates that cannot be used."""
    found: dict[str, Any] = {"bootstrap_servers": list(settings.brokers)}
    if settings.tls:
        found |= {"security_protocol": "SSL", "ssl_context": _tls(settings)}
    if settings.sasl_username and settings.sasl_password:
        found |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    return found


def trust_ends(settings: Settings) -> float:
    """When the last authority of `tls_ca_file` runs out (Unix seconds); 0 where no such file is used.

    Raises DetectorError (78) for certificates that cannot be used.
    """
    if not (settings.tls and settings.tls_ca_file):
        return 0.0
    return max((ssl.cert_time_to_seconds(str(one["notAfter"])) for one in _tls(settings).get_ca_certs()), default=0)


def _tls(settings: Settings) -> ssl.SSLContext:
    password, used = settings.tls_key_password, "tls_ca_file"
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        used = "tls_certificate_file, tls_key_file and the key's password"
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # a system's own configuration may allow less
        if settings.tls_certificate_file:
            context.load_cert_chain(
                settings.tls_certificate_file,
                settings.tls_key_file,
                password.get_secret_value() if password else "",  # a text, else a person would be asked for it
            )
    except (OSError, ssl.SSLError) as error:
        raise DetectorError(f"the TLS files cannot be used: {error} — check {used}", CONFIG) from None
    return context


@contextmanager
def explained(to: Connection, client: Literal["kafka", "aiokafka"], *, waits: bool = False) -> Iterator[None]:
    """Turns what goes wrong with Kafka inside into a DetectorError (75, 77 or 78).

    To a command a broker that hangs up at the login refuses it. Whoever `waits` tries again: a broker that starts or
    stops hangs up as well.

    The client's own log (named as its package) is kept from the terminal meanwhile and searched for the reason of a
    refused connection, which stands only there.
    """
    heard, log = _Heard(), logging.getLogger(client)
    whispers = logging.getLogger(_WHISPERS)
    before, level = log.propagate, whispers.level
    log.propagate = False
    log.addHandler(heard)
    whispers.setLevel(logging.DEBUG)
    try:
        yield
    except Exception as error:
        if not _of_kafka(error):
            raise
        raise _explain(error, heard.words, to, waits=waits) from error
    finally:
        whispers.setLevel(level)
        log.removeHandler(heard)
        log.propagate = before


class _Heard(logging.Handler):
    """Which of the words we know were in the client's log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.words: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING and not str(record.msg).startswith(_CLOSING):
            return  # requests and answers whole, at length
        said = record.getMessage()
        args = record.args if isinstance(record.args, tuple) else ()
        if said.startswith(_UNABLE) and any(isinstance(one, ConnectionResetError) for one in args):
            self.words.add(_RESET)
        self.words.update(word for word in (*(word for word, _, _ in _KNOWN), *_HUNG_UP, *_NOBODY) if word in said)


def _explain(error: Exception, heard: set[str], to: Connection, *, waits: bool) -> DetectorError:
    brokers, said = _addresses(to), repr(error)
    for word, code, message in _KNOWN:
        if word in heard or word in said:
            return DetectorError(message.format(brokers=brokers, error=_brief(error)), code)
    unreached = isinstance(error, TimeoutError) or _named(error, "KafkaTimeoutError", "KafkaConnectionError")
    hung_up = not heard.isdisjoint(_HUNG_UP) and heard.isdisjoint(_NOBODY)
    if hung_up and to.get("sasl_mechanism") and not waits:
        return DetectorError(
            f"{brokers} hangs up at the login — check sasl_username, its password, sasl_mechanism", AUTH
        )
    if hung_up or (unreached and _RESET in heard):
        return DetectorError(
            f"{brokers} hangs up — it may be starting, or want other settings: tls, a certificate, a login", TEMPORARY
        )
    if unreached:
        return DetectorError(f"no broker answers at {brokers} — start it, or name another with --brokers", TEMPORARY)
    if isinstance(error, _LOST):
        return DetectorError(f"the connection to {brokers} was lost ({error.strerror}) — try again", TEMPORARY)
    return DetectorError(f"{brokers} answers with {error!r:.300} — try again", TEMPORARY)


def _brief(error: Exception) -> str:
    """An error's text without the request that some brokers print at length."""
    return str(error).partition(" Request Request(")[0].rstrip(": ") or type(error).__name__


def _addresses(to: Connection) -> str:
    named = to["bootstrap_servers"]
    return named if isinstance(named, str) else ",".join(named)


def _of_kafka(error: Exception) -> bool:
    return isinstance(error, (TimeoutError, *_LOST)) or _named(error, "KafkaError")


def _named(error: Exception, *names: str) -> bool:
    """Both clients have error classes of these names, and neither should be imported for the other's sake."""
    return any(one.__name__ in names for one in type(error).__mro__)
