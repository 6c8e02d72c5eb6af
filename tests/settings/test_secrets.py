"""A secret comes from a file or the environment, and is never shown by anything that shows settings."""

from pathlib import Path

import pytest

from detector.errors import DetectorError
from detector.settings import load, read
from detector.settings.options import EVERY
from detector.settings.show import show

CANARY = "canary-9f8e7d"


def test_a_secret_of_a_file_is_its_line_without_the_line_break(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(CANARY + "\n")
    environ = {
        "DETECTOR_TLS": "1",
        "DETECTOR_SASL_USERNAME": "u",
        "DETECTOR_SASL_PASSWORD_FILE": str(tmp_path / "password"),
    }
    settings = load(environ=environ)
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == CANARY
    assert settings.secrets() == (CANARY,)


def test_no_way_of_showing_settings_shows_a_secret() -> None:
    environ = {
        "DETECTOR_TLS": "1",
        "DETECTOR_SASL_USERNAME": "u",
        "DETECTOR_SASL_PASSWORD": CANARY,
        "DETECTOR_HTTP_TOKEN": CANARY,
    }
    settings, origins = read({}, environ)
    shown = [
        show(settings, origins),
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        str(settings.model_dump()),
    ]
    assert not [text for text in shown if CANARY in text]
    assert "# sasl_password: set, not shown" in shown[0]
    assert "from DETECTOR_SASL_PASSWORD" in shown[0]


@pytest.mark.parametrize(
    "environ",
    [
        {"DETECTOR_SASL_PASSWORD": CANARY, "DETECTOR_SASL_USERNAME": "u"},  # SASL without TLS
        {"DETECTOR_SASL_PASSWORD": CANARY, "DETECTOR_HTTP_PORT": "x"},
        {"DETECTOR_BROKERS": f"u:{CANARY}@host:1"},
        {"DETECTOR_BROKERS": f"kafka://u:{CANARY}@host:1"},
        {"DETECTOR_BROKERS": f"fine:1,u:{CANARY}@host:1"},
        {"DETECTOR_SASL_PASSWROD": CANARY},
        {"DETECTOR_TLS_KEY_PASSWORD": CANARY},
        {"DETECTOR_SASL_PASSWORD": CANARY, "DETECTOR_SASL_PASSWORD_FILE": __file__},
    ],
)
def test_a_refusal_never_repeats_a_secret(environ: dict[str, str]) -> None:
    with pytest.raises(DetectorError) as caught:
        load(environ=environ)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None  # nor does what the refusal came from
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n", "x" * 5000])
def test_a_file_that_cannot_be_one_secret_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(DetectorError, match="must be one line"):
        load(environ={"DETECTOR_HTTP_TOKEN_FILE": str(tmp_path / "token")})


def test_no_flag_takes_a_secret() -> None:
    assert not {"http_token", "sasl_password", "tls_key_password"} & set(EVERY)
