"""What a worker must be told: its name, its topics, its broker and its pace."""

from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Literal

import faust
from faust.types.auth import CredentialsT

from detector.errors import DetectorError


@dataclass(frozen=True)
class Broker:
    """Where Kafka is and how to get in: plain, TLS (mutual where the context holds a certificate) or SASL over TLS."""

    bootstrap: str
    """Addresses `host:port`, comma-separated."""
    ssl_context: SSLContext | None = None
    sasl_mechanism: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse a login without TLS: Faust and aiokafka would send it in clear, without a word."""
        if self.sasl_mechanism is not None and self.ssl_context is None:
            raise DetectorError("a login without TLS could be read on the way — set tls=true")

    @property
    def addresses(self) -> list[str]:
        """The addresses one by one."""
        return [address.strip() for address in self.bootstrap.split(",") if address.strip()]

    def client_settings(self) -> dict[str, Any]:
        """Arguments of every client and producer of aiokafka."""
        settings: dict[str, Any] = {"bootstrap_servers": self.addresses}
        if self.sasl_mechanism is not None:
            settings |= {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        elif self.ssl_context is not None:
            settings["security_protocol"] = "SSL"
        if self.ssl_context is not None:
            settings["ssl_context"] = self.ssl_context
        return settings

    def faust_credentials(self) -> CredentialsT | None:
        """The same for Faust's own consumer and producer."""
        if self.sasl_mechanism is not None:
            return faust.SASLCredentials(
                username=self.username,
                password=self.password,
                ssl_context=self.ssl_context,
                mechanism=self.sasl_mechanism,
            )
        if self.ssl_context is not None:
            return faust.SSLCredentials(context=self.ssl_context)
        return None


@dataclass(frozen=True)
class WorkerOptions:
    """Everything `run_worker` needs besides the fold. Durations in seconds, sizes in bytes."""

    app_id: str
    """Consumer group and prefix of changelog and transactional ids."""
    broker: Broker
    topics: tuple[str, ...]
    """In-topics, all with the same number of partitions and the same keys."""
    alerts_topic: str
    health_topic: str
    dead_letters_topic: str
    record_time: Literal["log_append", "create"] = "log_append"
    table: str = "accounts"
    """The changelog is `<app_id>-<table>-changelog`, the transactional ids are `<app_id>-<table>-<partition>`."""
    group_instance_id: str | None = None
    """Static membership: a restart within the session keeps its partitions."""
    session_timeout: float = 10.0
    heartbeat_interval: float = 3.0
    transaction_timeout: float = 20.0
    """A checkpoint that takes longer is aborted by the broker, and the worker ends."""
    take_over_timeout: float = 60.0
    recovery_timeout: float = 600.0
    """Without any progress of the recovery for so long the worker ends."""
    checkpoint_interval: float = 1.0
    catch_up_interval: float = 4.0
    """Between checkpoints while far behind: fewer states are written twice."""
    idle_interval: float = 5.0
    """An idle partition tells the broker this often where it stands, and learns the broker's time."""
    source_idle_seconds: float = 600.0
    """An in-topic of which nothing has come for so long counts as idle."""
    in_flight_records: int = 10_000
    """Records of one topic-partition held in memory before its fetching pauses."""
    in_flight_bytes: int = 16 << 20
    """The same in bytes of keys and values."""
    chunk_records: int = 1_000
    """Records handed over and applied before the event loop gets a turn."""
    max_poll_records: int = 8_000
    fetch_bytes: int = 2 << 20
    fetch_wait_ms: int = 100
    batch_bytes: int = 512 << 10
    """Size of a produced record batch; a larger single record travels alone."""
    compression: Literal["gzip", "snappy", "lz4", "zstd"] | None = None
    stop_seconds: float = 12.0
    """A graceful stop leaves the group within this."""
    hard_stop_seconds: float = 30.0
    """What has not stopped by then is ended."""

    @property
    def changelog(self) -> str:
        """The topic that holds the state."""
        return f"{self.app_id}-{self.table}-changelog"

    def transactional_id(self, partition: int) -> str:
        """The name under which one partition's checkpoints are written, by whoever owns it."""
        return f"{self.app_id}-{self.table}-{partition}"
