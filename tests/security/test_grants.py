"""`detector topics acls --apply` gives what is missing, once, to whoever may give rights; nobody else may."""

from click.testing import CliRunner, Result

from detector.topics_cli import topics
from harness.secure_kafka import SecureKafka
from schemas.access import acls

APP = ("--topic-prefix", "granted-", "--app-id", "granted-app")


def apply(*options: str) -> Result:
    return CliRunner().invoke(topics, ["acls", "--apply", *APP, *options], env={"DETECTOR_CONFIG": None})


def test_rights_are_given_once_and_only_those_that_were_missing(secure: SecureKafka) -> None:
    way_in = ("--brokers", secure.back_door)
    some = apply(*way_in, "--only", "usage-emitter")
    assert (some.exit_code, some.stderr) == (0, "1 rights given, 0 were there\n")
    assert "User:usage-emitter  TOPIC     granted-usage.events.v1  WRITE" in some.stdout
    every = len(acls("granted-app", prefix="granted-"))
    assert apply(*way_in).stderr == f"{every - 1} rights given, 1 were there\n"
    again = apply(*way_in)
    assert (again.stdout, again.stderr) == ("", f"0 rights given, {every} were there\n")


def test_whoever_may_not_give_rights_is_told_so(secure: SecureKafka) -> None:
    told = apply(*secure.login("provisioner"))
    assert "does not permit this" in str(told.exception)
    assert "ClusterAuthorizationFailed" in str(told.exception)
