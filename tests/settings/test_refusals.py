"""A wrong setting is refused with 78, in one line that names the flag, variable or key, before anything starts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from detector.errors import CONFIG, DetectorError
from detector.settings import load


def refusal(environ: Mapping[str, str], flags: Mapping[str, object] | None = None) -> str:
    with pytest.raises(DetectorError) as caught:
        load(flags, environ)
    assert caught.value.exit_code == CONFIG
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        # a name that does not exist, with the nearest one that does
        ({"DETECTOR_BROKER": "x:1"}, "unknown variable DETECTOR_BROKER — did you mean DETECTOR_BROKERS?"),
        ({"DETECTOR_HTPP_PORT": "1"}, "did you mean DETECTOR_HTTP_PORT?"),
        ({"DETECTOR_ZZZ": "1"}, "`detector settings show` lists what there is"),
        # a value that is out of range or of another kind
        ({"DETECTOR_HTTP_PORT": "abc"}, "DETECTOR_HTTP_PORT='abc': input should be a valid integer"),
        ({"DETECTOR_HTTP_PORT": "70000"}, "DETECTOR_HTTP_PORT='70000': input should be less than or equal to 65535"),
        ({"DETECTOR_CHECKPOINT_INTERVAL_SECONDS": "nan"}, "DETECTOR_CHECKPOINT_INTERVAL_SECONDS='nan': "),
        ({"DETECTOR_SESSION_TIMEOUT_SECONDS": "inf"}, "DETECTOR_SESSION_TIMEOUT_SECONDS='inf': "),
        ({"DETECTOR_RECORD_TIME": "latest"}, "'log_append' or 'create'"),
        ({"DETECTOR_ENVIRONMENT": "staging"}, "'dev' or 'prod'"),
        ({"DETECTOR_LOG_LEVEL": "loud"}, "DETECTOR_LOG_LEVEL='loud': "),
        ({"DETECTOR_TLS": "perhaps"}, "DETECTOR_TLS='perhaps': "),
        ({"DETECTOR_APP_ID": "a b"}, "DETECTOR_APP_ID='a b': write at most 120 letters, digits, dots, underscores and"),
        ({"DETECTOR_TOPIC_PREFIX": "../"}, "DETECTOR_TOPIC_PREFIX='../': "),
        ({"DETECTOR_IN_FLIGHT_RECORDS": "0"}, "DETECTOR_IN_FLIGHT_RECORDS='0': "),
        # brokers: host:port and nothing else
        ({"DETECTOR_BROKERS": "kafka://a:1"}, "DETECTOR_BROKERS: write host:port, without a scheme"),
        ({"DETECTOR_BROKERS": "a:1,,b:1"}, "DETECTOR_BROKERS: write host:port"),
        ({"DETECTOR_BROKERS": "a:0"}, "DETECTOR_BROKERS: write host:port"),
        ({"DETECTOR_BROKERS": "a:b"}, "DETECTOR_BROKERS: write host:port"),
        # what does not go together
        ({"DETECTOR_ENVIRONMENT": "prod", "DETECTOR_REPLICATION_FACTOR": "1"}, "DETECTOR_REPLICATION_FACTOR='1': "),
        ({"DETECTOR_SASL_USERNAME": "u", "DETECTOR_SASL_PASSWORD": "p"}, "without TLS the login could be read"),
        ({"DETECTOR_SASL_USERNAME": "u", "DETECTOR_TLS": "1"}, "needs sasl_password_file"),
        ({"DETECTOR_TLS_CA_FILE": __file__}, "set tls=true"),
        ({"DETECTOR_TLS": "1", "DETECTOR_TLS_KEY_FILE": __file__}, "tls_certificate_file: needs tls_key_file"),
        ({"DETECTOR_TLS": "1", "DETECTOR_TLS_KEY_PASSWORD": "p"}, "there is no tls_key_file to open"),
        # state of a version that this release does not write
        ({"DETECTOR_STATE_WRITE_VERSION": "1.9"}, "DETECTOR_STATE_WRITE_VERSION='1.9': this release writes 1.0"),
        ({"DETECTOR_STATE_WRITE_VERSION": "2.0"}, "this release writes 1.0"),
        ({"DETECTOR_STATE_WRITE_VERSION": "1"}, "DETECTOR_STATE_WRITE_VERSION='1': "),
        # files that are not there
        ({"DETECTOR_PACK": "no/such/folder"}, "DETECTOR_PACK='no/such/folder': 'no/such/folder' is not a folder"),
        ({"DETECTOR_TLS": "1", "DETECTOR_TLS_CA_FILE": "no.pem"}, "DETECTOR_TLS_CA_FILE='no.pem': 'no.pem' is not"),
        ({"DETECTOR_CONFIG": "no.yaml"}, "DETECTOR_CONFIG names no.yaml, which cannot be read: No such file"),
        ({"DETECTOR_HTTP_TOKEN_FILE": "no"}, "DETECTOR_HTTP_TOKEN_FILE names no, which cannot be read: No such file"),
        # other machines
        ({"DETECTOR_HTTP_HOST": "0.0.0.0"}, "DETECTOR_HTTP_HOST='0.0.0.0': other machines could read the metrics"),  # noqa: S104
        ({"DETECTOR_HTTP_HOST": "::"}, "other machines could read the metrics"),
        ({"DETECTOR_HTTP_HOST": "example.test"}, "other machines could read the metrics"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named_with_what_to_do(environ: dict[str, str], said: str) -> None:
    assert said in refusal(environ)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("htpp_port: 1\n", ": unknown setting htpp_port — did you mean http_port?"),
        ("http_port: 1\nhttp_port: 2\n", ":1: not valid YAML: http_port stands twice"),
        ("brokers: 5\n", ": write host:port, several separated by commas"),
        ("brokers: []\n", ": write host:port, several separated by commas"),
        ("http_port: [1\n", ": not valid YAML: "),
        ("- a\n", ": settings are `name: value` lines"),
        ("http_port: abc\n", "http_port in "),
        ("sasl_password: canary\n", ": sasl_password does not belong here — write sasl_password_file:"),
        ("1: 2\n", ": unknown setting 1 — "),
    ],
)
def test_a_wrong_key_of_the_file_is_named_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "detector.yaml"
    path.write_text(text)
    message = refusal({"DETECTOR_CONFIG": str(path)})
    assert said in message
    assert str(path) in message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refusal({"DETECTOR_CONFIG": str(tmp_path / "x.yaml")})


def test_a_wrong_flag_is_named_as_a_flag() -> None:
    assert refusal({}, {"http_port": "abc"}).startswith("--http-port='abc': ")


def test_what_follows_from_a_wrong_value_is_not_told_beside_it() -> None:
    """The app id begins with the prefix."""
    assert "app_id" not in refusal({"DETECTOR_TOPIC_PREFIX": "a/b"})


def test_all_wrong_values_are_told_at_once() -> None:
    message = refusal({"DETECTOR_HTTP_PORT": "abc", "DETECTOR_APP_ID": "?"})
    assert "DETECTOR_HTTP_PORT" in message
    assert "DETECTOR_APP_ID" in message


@pytest.mark.parametrize(
    "open_up", [{"DETECTOR_ALLOW_PUBLIC_METRICS": "true"}, {"DETECTOR_HTTP_TOKEN": "canary-token"}]
)
def test_a_routable_address_is_served_when_that_is_wanted_or_a_token_is_asked_for(open_up: dict[str, str]) -> None:
    assert load(environ={"DETECTOR_HTTP_HOST": "0.0.0.0", **open_up}).http_host == "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_an_address_of_this_machine_needs_no_leave(host: str) -> None:
    assert load(environ={"DETECTOR_HTTP_HOST": host}).http_host == host


def test_an_address_without_a_port_takes_kafkas_own() -> None:
    assert load(environ={"DETECTOR_BROKERS": "a, [::1]:5"}).brokers == ("a:9092", "[::1]:5")
