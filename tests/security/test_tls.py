"""TLS is 1.2 or newer, checks who the broker is, and nothing switches that off."""

import re
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

import detector
from detector.brokers import connection, trust_ends
from detector.errors import CONFIG, DetectorError
from detector.settings import load
from detector.streaming.options import Broker
from harness.certificates import Authority

LAX = re.compile(
    r"check_hostname\s*=\s*False|verify_mode|CERT_NONE|CERT_OPTIONAL|_create_unverified|ssl_check_hostname|"
    r"PROTOCOL_TLSv1|TLSv1_1|SASL_PLAINTEXT|wrap_socket"
)
OF_1970 = """\
-----BEGIN CERTIFICATE-----
MIIBHDCBxKADAgECAgEBMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA29sZDAeFw03
MDAxMDEwMDAwMDBaFw03MDAxMDIwMDAwMDBaMA4xDDAKBgNVBAMMA29sZDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABO15/PdFXylEnNFF2NoIk0rtPbQfgKQV8RuW
plm34qajVmvwVdiRMmg6Oll2Uc75ThpsHxXrkIajsqsnnpIiaE6jEzARMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgbr6BE1/J/RC+eSV4uoZdYFQJ
n8hRPkJe7YnEJXlWADgCIFaAqeRRchbL+ECQNfasnIK7SZ7t3diSBZXZQfjik5R6
-----END CERTIFICATE-----
"""
"""An authority of nobody, valid for the first day of 1970."""
SOURCES = sorted(Path(detector.__file__).parent.rglob("*.py"))


def test_the_context_asks_for_a_trusted_certificate_of_this_very_host() -> None:
    context = connection(load({"tls": True}, {}))["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_trust_ends_with_the_last_authority_of_the_file(tmp_path: Path) -> None:
    """An authority of the harness is good for a day; a file may hold the old one beside the new."""
    before = time.time()
    first = Authority(tmp_path, "first").certificate.read_text()
    past = Path(tmp_path / "past.pem")
    past.write_text(OF_1970)
    both = tmp_path / "both.pem"
    both.write_text(OF_1970 + first)
    ends = [trust_ends(load({"tls": True, "tls_ca_file": str(file)}, {})) for file in (past, both)]
    assert ends[0] == 86_400
    assert before + 86_398 < ends[1] < time.time() + 86_401
    assert trust_ends(load({"tls": True}, {})) == 0
    assert trust_ends(load({}, {})) == 0


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
