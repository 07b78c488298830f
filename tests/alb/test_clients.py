"""What the environment or the command line has wrong about AWS is told with what to do, and never as a fault of the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.alb.lines import KEY
from tests.cli.conftest import Ran, run
from tests.push.loki_fake import LokiFake
from xray_grafana.alb.clients import elb_client, s3_client, sqs_client
from xray_grafana.alb.traces import xray_client
from xray_grafana.errors import SourceError, UsageError

__all__ = ["run"]  # a fixture

pytestmark = pytest.mark.enable_socket

QUEUE = "https://queue.example/123456789012/logs"


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def refused(make: Callable[[], Any]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        make()
    return caught.value


@pytest.mark.parametrize("make", [s3_client, sqs_client, lambda: elb_client("eu-west-1"), lambda: xray_client("eu-west-1")])
def test_a_profile_that_is_not_there_is_named(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nosuch")

    error = refused(make)

    assert "The config profile (nosuch) could not be found" in error.summary
    assert error.hint == "set AWS_PROFILE to a profile of this machine's AWS config, or unset it"


@pytest.mark.parametrize("url", ["garbage", "user:hidden@garbage", "http://", "https://[::1"])
@pytest.mark.parametrize("make", [s3_client, sqs_client])
def test_an_address_that_is_none_is_told_and_not_repeated(make: Callable[..., Any], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    error = refused(lambda: make(endpoint_url=url))

    assert error.summary.endswith("of AWS: its address is no URL")
    assert "--endpoint-url and AWS_ENDPOINT_URL take an address such as" in str(error)
    assert "hidden" not in str(error)


def test_without_a_region_its_variable_is_named() -> None:
    assert refused(sqs_client).hint == "set AWS_DEFAULT_REGION"
    assert refused(lambda: xray_client(None)).hint == "set AWS_DEFAULT_REGION or --region"


def test_a_region_that_is_none_is_told() -> None:
    assert refused(lambda: sqs_client(region="eu west")).hint == "set AWS_DEFAULT_REGION to the name of a region such as eu-west-1"


def test_whatever_else_is_wrong_leads_to_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    error = refused(s3_client)

    assert error.summary == "cannot talk to s3 of AWS: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"
    assert error.hint == "look at the AWS config of this shell"


def test_credentials_that_cannot_be_had_now_may_be_had_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_PROFILE", "away")
    (tmp_path / "config").write_text("[profile away]\ncredential_process = false\n", encoding="utf-8")

    with pytest.raises(SourceError, match="cannot talk to s3 of AWS: Error when retrieving credentials from custom-process") as caught:
        s3_client()

    assert not caught.value.permanent


COMMANDS = [
    ("ship", f"s3://logs/{KEY}"),
    ("work", "--queue", QUEUE),
    ("backfill", "s3://logs/AWSLogs/", "--from", "2h", "--to", "1h", "--dry-run"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("mistake", ["profile", "address"])
def test_a_command_ends_with_it_and_without_a_traceback(
    command: tuple[str, ...], mistake: str, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    if mistake == "profile":
        monkeypatch.setenv("AWS_PROFILE", "nosuch")
    with LokiFake() as loki:
        monkeypatch.setenv("LOKI_URL", loki.url)
        ran = run("alb", *command, *(("--endpoint-url", "garbage") if mistake == "address" else ()))

    assert ran.code == 2
    assert ran.err.startswith("error: cannot talk to s3 of AWS: ")
    assert [line[:8] for line in ran.err.splitlines()[1:]] == ["  hint: "]
