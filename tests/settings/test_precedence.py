"""Flag > DETECTOR_* > the YAML file that DETECTOR_CONFIG names > default, and nothing is searched for."""

from pathlib import Path

import pytest
import yaml

from detector.settings import Settings, load, read
from detector.settings.show import show


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "detector.yaml"
    path.write_text("http_port: 1001\nin_flight_records: 7000\nbrokers: [one:1, two:2]\n")
    return path


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(file: Path) -> None:
    environ = {"DETECTOR_CONFIG": str(file)}
    assert load(environ={}).http_port == 9464
    assert load(environ=environ).http_port == 1001
    assert load(environ={**environ, "DETECTOR_HTTP_PORT": "1002"}).http_port == 1002
    assert load({"http_port": "1003"}, {**environ, "DETECTOR_HTTP_PORT": "1002"}).http_port == 1003


def test_each_setting_finds_its_own_level(file: Path) -> None:
    settings = load({"app_id": "x", "http_host": None}, {"DETECTOR_CONFIG": str(file), "DETECTOR_HTTP_PORT": "5"})
    assert (settings.app_id, settings.http_port, settings.in_flight_records, settings.brokers) == (
        "x", 5, 7_000, ("one:1", "two:2"),
    )  # fmt: skip
    assert settings.http_host == "127.0.0.1"


def test_a_settings_file_in_the_working_directory_is_not_found(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load(environ={}) == Settings()


def test_an_empty_variable_is_a_variable_that_is_not_set(file: Path) -> None:
    assert load(environ={"DETECTOR_CONFIG": str(file), "DETECTOR_HTTP_PORT": ""}).http_port == 1001


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert load(environ={"DETECTOR_CONFIG": str(tmp_path / "empty.yaml")}) == Settings()


def test_the_variable_for_tests_and_those_of_kubernetes_are_not_taken_for_mistakes() -> None:
    environ = {
        "DETECTOR_TEST_BROKER": "127.0.0.1:1",
        "DETECTOR_METRICS_SERVICE_HOST": "10.0.0.1",
        "DETECTOR_METRICS_SERVICE_PORT": "9464",
        "DETECTOR_METRICS_PORT": "tcp://10.0.0.1:9464",
        "DETECTOR_METRICS_PORT_9464_TCP_ADDR": "10.0.0.1",
    }
    assert load(environ=environ) == Settings()


def test_production_writes_three_replicas_unless_told_otherwise() -> None:
    assert load(environ={"DETECTOR_ENVIRONMENT": "prod"}).replication_factor == 3
    assert load(environ={"DETECTOR_ENVIRONMENT": "prod", "DETECTOR_REPLICATION_FACTOR": "2"}).replication_factor == 2
    assert load(environ={}).replication_factor == 1


def test_what_is_shown_is_a_settings_file_that_gives_the_same_settings_and_says_where_each_came_from(
    file: Path, tmp_path: Path
) -> None:
    settings, origins = read({"tls": True}, {"DETECTOR_CONFIG": str(file), "DETECTOR_SESSION_TIMEOUT_SECONDS": "30"})
    shown = show(settings, origins)
    (tmp_path / "again.yaml").write_text(shown)
    assert load(environ={"DETECTOR_CONFIG": str(tmp_path / "again.yaml")}) == settings
    assert set(yaml.safe_load(shown)) | {"http_token", "sasl_password", "tls_key_password"} == set(
        Settings.model_fields
    )
    remarks = {line.partition(":")[0]: line.rpartition("# ")[2] for line in shown.splitlines()}
    assert remarks["tls"] == "from --tls"
    assert remarks["http_port"] == f"from http_port in {file}"
    assert remarks["session_timeout_seconds"] == "from DETECTOR_SESSION_TIMEOUT_SECONDS"
    assert remarks["app_id"] == "default"


def test_equal_settings_have_equal_digests_and_a_secret_does_not_enter() -> None:
    assert Settings().digest() == Settings().digest() != Settings(app_id="other").digest()
    assert Settings(http_token="a" * 9).digest() == Settings().digest()  # type: ignore[arg-type]
    assert Settings(group_instance_id="a").digest() == Settings().digest()  # workers of one deployment are equal


def test_topics_of_another_prefix_belong_to_another_app() -> None:
    """State of one set of topics never meets that of another, unless somebody names the app."""
    assert load({"topic_prefix": "past-"}, {}).app_id == "past-value-decay"
    assert load({"topic_prefix": "past-", "app_id": "mine"}, {}).app_id == "mine"
    assert load({}, {}).app_id == "value-decay"
