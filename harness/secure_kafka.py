"""A local Kafka that lets nobody in who does not belong: TLS, SCRAM logins, certificates of clients, and rights.

Its plain listener on loopback is the tests' own back door: whoever comes that way may do everything.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from detector.grants import as_kafka
from detector.localkafka import Cluster
from detector.localkafka.cluster import free_ports
from harness.certificates import Authority, Identity
from schemas.access import Acl

HOST: Final = "localhost"
"""The one name in the brokers' certificates: 127.0.0.1 is a wrong one."""

_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_LISTENERS: Final = {"PLAINTEXT": "PLAINTEXT", "LOGIN": "SASL_SSL", "CERTIFICATE": "SSL", "EXPIRED": "SASL_SSL"}
"""Listener and protocol: the back door, logins, mutual TLS, and a listener whose certificate has expired."""


class SecureKafka:
    """One node; as a context manager it starts and is removed whatever happens. `folder` takes keys and passwords."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        """An authority that nobody trusts."""
        ports = free_ports(1 + len(_LISTENERS))
        self._ports = dict(zip(_LISTENERS, ports[1:], strict=True))
        settings = self._settings(controller=ports[0])
        self.cluster = Cluster(
            settings=settings, folder=folder / "kafka", ports=lambda _count: [self._ports["PLAINTEXT"], ports[0]]
        )

    def _settings(self, *, controller: int) -> dict[str, object]:
        at = {name: f"{name}://{HOST}:{port}" for name, port in self._ports.items()}
        at["PLAINTEXT"] = f"PLAINTEXT://127.0.0.1:{self._ports['PLAINTEXT']}"
        good, expired = (
            self.authority.issue(name, hosts=(HOST,), expired=name == "expired-broker").keystore
            for name in ("broker", "expired-broker")
        )
        return {
            "listeners": ",".join([*at.values(), f"CONTROLLER://127.0.0.1:{controller}"]),
            "advertised.listeners": ",".join(at.values()),
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,"
            + ",".join(f"{name}:{protocol}" for name, protocol in _LISTENERS.items()),
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.login.scram-sha-512.sasl.jaas.config": _SCRAM,
            "listener.name.expired.scram-sha-512.sasl.jaas.config": _SCRAM,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": good,
            "listener.name.expired.ssl.keystore.location": expired,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.authority.certificate,
            "listener.name.certificate.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": "User:ANONYMOUS",
        }

    def __enter__(self) -> Self:
        self.cluster.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cluster.__exit__(kind, error, trace)

    @property
    def back_door(self) -> str:
        """The address of the listener that takes everybody as superuser."""
        return self.cluster.bootstrap

    def address(self, listener: str = "LOGIN") -> str:
        """Where one of the other listeners is, by the name in its certificate."""
        return f"{HOST}:{self._ports[listener]}"

    def new_user(self, name: str) -> Path:
        """Let a user log in with a password that nobody else has; the file that holds it."""
        password = f"canary-{secrets.token_hex(16)}"
        file = self._folder / f"{name}.password"
        file.write_text(password + "\n")
        with self.administering() as admin:
            told = admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password)]
            )
        assert told == {name: None}, told
        return file

    @contextmanager
    def administering(self) -> Iterator[Any]:
        """An admin client by the back door."""
        admin = KafkaAdminClient(bootstrap_servers=self.back_door)
        try:
            yield admin
        finally:
            admin.close()

    def trusting(self, listener: str, authority: Authority | None = None) -> tuple[str, ...]:
        """Options of a command that goes to a listener over TLS and trusts this authority, else ours."""
        ca = (authority or self.authority).certificate
        return ("--brokers", self.address(listener), "--tls", "--tls-ca-file", str(ca))

    def login(self, name: str) -> tuple[str, ...]:
        """Options of a command that logs in as a user; one that is new is made."""
        file = self._folder / f"{name}.password"
        if not file.exists():
            self.new_user(name)
        return (*self.trusting("LOGIN"), "--sasl-username", name, "--sasl-password-file", str(file))

    def password_files(self) -> list[Path]:
        """Where the passwords of all users are that there are so far."""
        return sorted(self._folder.glob("*.password"))

    def certified(self, identity: Identity) -> tuple[str, ...]:
        """Options of a command that shows a certificate."""
        files = ("--tls-certificate-file", str(identity.certificate), "--tls-key-file", str(identity.key))
        return (*self.trusting("CERTIFICATE"), *files)

    def revoke(self, acl: Acl) -> None:
        """Take a right away while whoever has it runs."""
        with self.administering() as admin:
            ((_, taken, _),) = admin.delete_acls([as_kafka(acl, {})])
        assert taken, acl
