"""The settings: every name, its unit, range and default, and what may not go together."""

import hashlib
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic import model_validator as checked

from detector.domain.versions import MAJOR, MINOR, WRITTEN

SECRETS: Final = ("http_token", "sasl_password", "tls_key_password")
"""Never a flag, never in a YAML file, never shown; each has a twin `<name>_file` that names a file holding it."""

FILES: Final = ("tls_ca_file", "tls_certificate_file", "tls_key_file")

BROKER_PORT: Final = 9092
NAME: Final = r"[A-Za-z0-9._-]"


def _broker(address: str) -> str:
    """Check one `host:port`; the message never repeats the value, which may hold a password."""
    if "@" in address:
        raise ValueError("an address holds no user or password; use sasl_username and sasl_password_file")
    if "://" in address:
        raise ValueError("write host:port, without a scheme")
    host, port = address, str(BROKER_PORT)
    if match := re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):([0-9]{1,5})", address):
        host, port = match.groups()
    if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", host) or not 0 < int(port) < 1 << 16:
        raise ValueError("write host:port, several separated by commas")
    return f"{host}:{port}"


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple) or not value or not all(isinstance(part, str) for part in value):
        raise ValueError("write host:port, several separated by commas")
    return value


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`; any name but `localhost` may be routable."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


Brokers = Annotated[tuple[Annotated[str, AfterValidator(_broker)], ...], BeforeValidator(_split)]
APP_ID: Final = "value-decay"
TopicName = Annotated[str, Field(pattern=rf"^{NAME}{{1,120}}$")]


class Settings(BaseModel):
    """One process's settings, frozen and checked; thresholds and windows are not here but in the pack.

    Raises `pydantic.ValidationError` for a value out of range and for values that do not go together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Literal["dev", "prod"] = Field(default="dev", description="prod refuses what a laptop may do")
    brokers: Brokers = Field(
        default=("127.0.0.1:9092",), description="Kafka brokers to start from, host:port, comma separated"
    )
    app_id: TopicName = Field(
        default=APP_ID,
        description="names the group, changelogs and transactions of this app; default topic_prefix + value-decay",
    )
    topic_prefix: str = Field(
        default="", pattern=rf"^{NAME}{{0,60}}$", description="put before the name of every topic"
    )
    partitions: int = Field(default=24, ge=1, le=1_000, description="of each topic that is made; fixed from then on")
    replication_factor: int = Field(default=1, ge=1, le=9, description="of the topics; default 1, in prod 3")
    record_time: Literal["log_append", "create"] = Field(
        default="log_append", description="timestamps of the in-topics: live topics log_append, imports create"
    )
    pack: Path | None = Field(
        default=None, description="folder of matchers, measures, rules and tenants; default built in"
    )

    group_instance_id: TopicName | None = Field(
        default=None,
        description="this worker's own name in its group, kept over restarts: within the session it loses"
        " no partitions; no two workers may have the same",
    )
    session_timeout_seconds: float = Field(
        default=10, ge=1, le=90, description="a silent worker loses its partitions then"
    )
    checkpoint_interval_seconds: float = Field(
        default=1, ge=0.05, le=60, description="between two transactions of a partition"
    )
    in_flight_records: int = Field(
        default=20_000, ge=1_000, le=1_000_000, description="fetched, not applied, a partition"
    )

    state_write_version: str = Field(
        default=f"{MAJOR}.{WRITTEN}",
        pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$",
        description="of state records; raise it when every worker runs this release",
    )
    source_idle_seconds: float = Field(
        default=600, ge=1, le=604_800, description="an in-topic of which nothing has come for so long counts as idle"
    )

    http_host: str = Field(
        default="127.0.0.1", min_length=1, description="where /metrics, /livez and /readyz are served"
    )
    http_port: int = Field(default=9464, ge=0, le=65_535, description="0 takes a free one")
    allow_public_metrics: bool = Field(default=False, description="serve to other machines without a token")
    http_token: SecretStr | None = Field(default=None, description="bearer token that /metrics asks for")
    http_token_file: Path | None = Field(default=None, description="file that holds http_token")

    tls: bool = Field(default=False, description="talk TLS 1.2 or newer to the brokers")
    tls_ca_file: Path | None = Field(default=None, description="authorities to trust (PEM); default the system's")
    tls_certificate_file: Path | None = Field(default=None, description="our certificate (PEM), for mutual TLS")
    tls_key_file: Path | None = Field(default=None, description="its private key (PEM)")
    tls_key_password: SecretStr | None = Field(default=None, description="password of tls_key_file")
    tls_key_password_file: Path | None = Field(default=None, description="file that holds tls_key_password")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="how sasl_username logs in"
    )
    sasl_username: str | None = Field(default=None, min_length=1, description="log in to the brokers as; needs tls")
    sasl_password: SecretStr | None = Field(default=None, description="password of sasl_username")
    sasl_password_file: Path | None = Field(default=None, description="file that holds sasl_password")

    dead_letter_limit: bool = Field(
        default=True,
        description="stop reading when most of what comes is unusable; switched off, all of that becomes dead letters",
    )

    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: console on a terminal, else json"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe line to log"
    )

    @checked(mode="before")
    @classmethod
    def _default_replication(cls, given: dict[str, object]) -> dict[str, object]:
        return {"replication_factor": 3, **given} if given.get("environment") == "prod" else given

    @checked(mode="before")
    @classmethod
    def _default_app_id(cls, given: dict[str, object]) -> dict[str, object]:
        # Two sets of topics must not share a state: what differs in the topics differs in the app.
        return {"app_id": f"{given.get('topic_prefix', '')}{APP_ID}", **given}

    @checked(mode="after")
    def _go_together(self) -> Self:
        problem = next(_conflicts(self), None)
        if problem:
            raise ValueError(problem)
        return self

    def secrets(self) -> tuple[str, ...]:
        """Every secret in clear, for whoever must keep them out of what is written."""
        found = (getattr(self, name) for name in SECRETS)
        return tuple(secret.get_secret_value() for secret in found if secret is not None)

    def digest(self) -> str:
        """Twelve hex digits that are equal for equal settings; secrets and the worker's own name do not enter."""
        kept = self.model_dump_json(exclude={*SECRETS, "group_instance_id"})
        return hashlib.sha256(kept.encode()).hexdigest()[:12]


def _conflicts(settings: Settings) -> Iterator[str]:
    if settings.environment == "prod" and settings.replication_factor == 1:
        yield "replication_factor: 1 loses events with one disk; prod needs 2 or more"
    if not is_loopback(settings.http_host) and not (settings.allow_public_metrics or settings.http_token):
        yield "http_host: other machines could read the metrics; set http_token_file or allow_public_metrics=true"
    if settings.sasl_username and not settings.tls:
        yield "sasl_username: without TLS the login could be read on the way; set tls=true"
    if bool(settings.sasl_username) != bool(settings.sasl_password):
        yield "sasl_username: needs sasl_password_file (or sasl_password), and the other way round"
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        yield "tls_certificate_file: needs tls_key_file, and the other way round"
    if settings.tls_key_password and not settings.tls_key_file:
        yield "tls_key_password: there is no tls_key_file to open"
    if not settings.tls and (settings.tls_ca_file or settings.tls_certificate_file):
        yield "tls: false, but TLS files are given; set tls=true"
    major, _, minor = settings.state_write_version.partition(".")
    if int(major) != MAJOR or int(minor) > MINOR:
        known = f"{MAJOR}.0" if MINOR == 0 else f"{MAJOR}.0 to {MAJOR}.{MINOR}"
        yield f"state_write_version: this release writes {known}"
    if settings.pack and not settings.pack.is_dir():
        yield f"pack: {str(settings.pack)!r} is not a folder; check the path"
    for name in FILES:
        path = getattr(settings, name)
        if path and not path.is_file():
            yield f"{name}: {str(path)!r} is not a file; check the path"
