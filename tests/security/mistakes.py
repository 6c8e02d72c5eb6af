"""The mistakes of whoever does not belong: the options that a command has then, and what it must be told."""

from collections.abc import Callable
from pathlib import Path

from harness.secure_kafka import SecureKafka

PASSWORD = "canary-wrong-5d41402a"  # noqa: S105 - nobody's

Mistake = Callable[[SecureKafka, Path], tuple[str, ...]]


def wrong_password(kafka: SecureKafka, folder: Path) -> tuple[str, ...]:
    (folder / "password").write_text(PASSWORD)
    return (*kafka.login("somebody")[:-1], str(folder / "password"))


def unknown_user(kafka: SecureKafka, folder: Path) -> tuple[str, ...]:
    (folder / "password").write_text(PASSWORD)
    return (
        *kafka.trusting("LOGIN"),
        *("--sasl-username", "nobody", "--sasl-password-file", str(folder / "password")),
    )


def unknown_login(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return (*kafka.login("somebody"), "--sasl-mechanism", "PLAIN")


def wrong_authority(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return kafka.trusting("LOGIN", kafka.stranger) + kafka.login("somebody")[-4:]


def expired_broker(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return kafka.trusting("EXPIRED") + kafka.login("somebody")[-4:]


def wrong_host(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return tuple(option.replace("localhost", "127.0.0.1") for option in kafka.login("somebody"))


def no_certificate(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return kafka.trusting("CERTIFICATE")


def strangers_certificate(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return kafka.certified(kafka.stranger.issue("rogue"))


def expired_certificate(kafka: SecureKafka, _folder: Path) -> tuple[str, ...]:
    return kafka.certified(kafka.authority.issue("late", expired=True))


MISTAKES: dict[Mistake, str] = {
    wrong_password: "check sasl_username",
    unknown_user: "check sasl_username",
    unknown_login: "sasl_mechanism",
    wrong_authority: "is not trusted — check tls_ca_file",
    expired_broker: "a certificate has expired — renew it",
    wrong_host: "is not the host name in its certificate",
    no_certificate: "wants a certificate of ours — check tls_certificate_file",
    strangers_certificate: "refuses our certificate",
    expired_certificate: "refuses our certificate",
}
