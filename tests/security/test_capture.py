"""What goes over the wire is TLS from the first byte on, and the password is not in it."""

import asyncio

import pytest

from detector.brokers import connection
from detector.errors import DetectorError
from detector.streaming.broker import first_contact
from detector.streaming.observer import Silence
from detector.topics import check
from detector.worker import options_of
from harness.secure_kafka import HOST, SecureKafka
from schemas.topics import topics
from tests.security.settings import settings_of
from tests.security.wiretap import HANDSHAKE, Wiretap, records

pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")


def test_both_clients_talk_tls_only_and_never_say_the_password(secure: SecureKafka) -> None:
    options = secure.login("somebody")
    address = secure.address("LOGIN")
    with Wiretap(int(address.rpartition(":")[2])) as wiretap:
        settings = settings_of([option.replace(address, f"{HOST}:{wiretap.port}") for option in options])
        asyncio.run(first_contact(options_of(settings).broker, lambda: 1, Silence()))
        by_aiokafka = len(wiretap.sent)
        with pytest.raises(DetectorError, match="no right to see"):  # it was let in
            check(connection(settings), topics(), patience_seconds=10)
        sent = [bytes(one) for one in wiretap.sent]
    assert 0 < by_aiokafka < len(sent)
    password = settings.secrets()[0].encode()
    for stream in sent:
        assert records(stream)[0] == HANDSHAKE
        assert password not in stream
        assert b"somebody" not in stream


def test_a_login_in_clear_would_be_seen() -> None:
    with pytest.raises(ValueError, match="no TLS record at byte 0"):
        records(b"\x00\x00\x00\x14\x00\x11password")
    with pytest.raises(ValueError, match="no TLS record at byte 6"):
        records(bytes([HANDSHAKE, 3, 1, 0, 1, 0]) + b"password")
