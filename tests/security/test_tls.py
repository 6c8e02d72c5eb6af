"""TLS is 1.2 or newer, checks who the broker is, and nothing switches that off."""

import re
import ssl
from pathlib import Path
from typing import Any

import pytest

import detector
from detector.brokers import connection
from detector.errors import CONFIG, DetectorError
from detector.settings import load
from detector.streaming.options import Broker

LAX = re.compile(
    r"check_hostname\s*=\s*False|verify_mode|CERT_NONE|CERT_OPTIONAL|_create_unverified|ssl_check_hostname|"
    r"PROTOCOL_TLSv1|TLSv1_1|SASL_PLAINTEXT|wrap_socket"
)
SOURCES = sorted(Path(detector.__file__).parent.rglob("*.py"))


def test_the_context_asks_for_a_trusted_certificate_of_this_very_host() -> None:
    context = connection(load({"tls": True}, {}))["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_nothing_in_the_source_switches_the_checks_off() -> None:
    assert not [(path, word) for path in SOURCES for word in LAX.findall(path.read_text())]


@pytest.mark.parametrize(
    "lax", ["context.check_hostname = False", "context.check_hostname=False", "verify_mode = ssl.CERT_NONE"]
)
def test_a_line_that_does_would_be_found(lax: str) -> None:
    assert LAX.search(lax)


def test_a_login_without_tls_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(DetectorError, match="without TLS the login could be read on the way") as refused:
        load({"sasl_username": "u"}, {"DETECTOR_SASL_PASSWORD": "p"})
    assert refused.value.exit_code == CONFIG


def test_a_login_without_tls_is_no_way_into_a_broker() -> None:
    """Faust would make SASL_PLAINTEXT of it, without a word."""
    with pytest.raises(DetectorError, match="without TLS"):
        Broker("kafka:9092", sasl_mechanism="SCRAM-SHA-512", username="u", password="p")  # noqa: S106
    secured = Broker("kafka:9092", ssl.create_default_context(), "SCRAM-SHA-512", "u", "p")
    assert secured.client_settings()["security_protocol"] == "SASL_SSL"
    credentials: Any = secured.faust_credentials()
    assert credentials.protocol.value == "SASL_SSL"
    assert "p'" not in repr(secured)
