from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.trace.traces import ID, checkout
from tests.trace.xray_fake import Reply, XRayFake
from xray_grafana.errors import UsageError, XRayGrafanaError
from xray_grafana.trace.fetch import fetch, not_found, place_of, xray_client

pytestmark = pytest.mark.enable_socket

DAY = 86_400


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, and none to be asked for on the network."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


def test_all_pages_are_followed() -> None:
    with XRayFake({ID.xray: checkout()}, page_size=1) as xray:
        fetched = fetch(xray_client(None, xray.url), ID)
        assert [document["name"] for document in fetched.documents] == ["storefront", "payments", "charges"]
        assert [request.get("NextToken") for request in xray.requests] == [None, "1", "2"]
        assert not fetched.limit_exceeded


def test_an_endless_token_ends() -> None:
    page = {"Traces": [{"Id": ID.xray, "Segments": []}], "NextToken": "again"}
    with XRayFake(replies=[Reply(200, document=page)] * 3) as xray:
        fetch(xray_client(None, xray.url), ID)
        assert len(xray.requests) == 2


def test_pages_without_end_are_refused() -> None:
    replies = [Reply(200, document={"Traces": [], "NextToken": str(number)}) for number in range(1, 1002)]
    with XRayFake(replies=replies) as xray, pytest.raises(XRayGrafanaError, match="1,000 pages, and still there are more"):
        fetch(xray_client(None, xray.url), ID)
    assert len(xray.requests) == 1000


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"<html>sign in</html>"),
        (200, b"\xff\x00"),
        (200, b"[]"),
        (200, b"null"),
        (200, b'"x"'),
        (200, b'{"Traces":"x"}'),
        (200, b'{"Traces":["x"]}'),
        (200, b'{"Traces":[{"Segments":{"a":1}}]}'),
        (200, b'{"Traces":[{"Duration":"x"}]}'),
        (200, b'{"Traces":' + b"[" * 10_000),
        (200, b'{"Traces":[],"NextToken":{"a":1}}'),
        (400, b"[]"),
        (400, b'{"code":{"a":1}}'),
    ],
)
def test_an_answer_that_is_not_x_rays_is_refused(status: int, content: bytes) -> None:
    with (
        XRayFake(replies=[Reply(status, content=content)]) as xray,
        pytest.raises(XRayGrafanaError, match="is not that of X-Ray") as caught,
    ):
        fetch(xray_client(None, xray.url), ID)
    assert (caught.value.where, caught.value.exit_code) == (f"X-Ray at {xray.url}", 1)
    assert "is there X-Ray" in str(caught.value.hint)


def test_of_a_long_refusal_the_beginning_is_told() -> None:
    with (
        XRayFake(replies=[Reply(400, content=json.dumps({"message": "x" * 100_000}).encode())]) as xray,
        pytest.raises(XRayGrafanaError) as caught,
    ):
        fetch(xray_client(None, xray.url), ID)
    assert str(caught.value.summary) == f"BatchGetTraces was refused: 400: {'x' * 194}…"


def test_documents_that_are_none_are_counted() -> None:
    documents: list[dict[str, Any] | str] = ["{", "[]", "[" * 100_000, *checkout()]
    with XRayFake({ID.xray: documents}, limit_exceeded=True) as xray:
        fetched = fetch(xray_client(None, xray.url), ID)
        assert (len(fetched.documents), fetched.unreadable, fetched.limit_exceeded) == (3, 3, True)


def test_a_trace_of_which_nothing_can_be_read_is_there_all_the_same() -> None:
    with XRayFake({ID.xray: ["{", "[]"]}) as xray, pytest.raises(XRayGrafanaError) as caught:
        fetch(xray_client(None, xray.url), ID)
    summary = f"trace {ID.xray} is there, but none of its documents can be read: no JSON objects, got 2"
    assert str(caught.value).startswith(f"X-Ray at {xray.url}: {summary}\n  hint: look at what sends them")
    assert caught.value.exit_code == 1


def test_what_is_left_undone_is_asked_for_again() -> None:
    undone = Reply(200, document={"Traces": [], "UnprocessedTraceIds": [ID.xray]})
    waits: list[float] = []
    with XRayFake({ID.xray: checkout()}, replies=[undone, undone]) as xray:
        assert fetch(xray_client(None, xray.url), ID, sleep=waits.append).documents
    assert waits == [0.5, 1.0]
    with XRayFake(replies=[undone] * 4) as xray, pytest.raises(XRayGrafanaError, match=f"left {ID.xray} undone") as caught:
        fetch(xray_client(None, xray.url), ID, sleep=waits.append)
    assert "in a minute" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (Reply(403, "AccessDeniedException"), "xray:BatchGetTraces"),
        (Reply(403, "ExpiredTokenException"), "sign in again"),
        (Reply(403, "UnrecognizedClientException"), "sign in again"),
        (Reply(400, "InvalidRequestException"), "is there X-Ray"),
        (Reply(404, "UnknownOperationException"), "is there X-Ray"),
    ],
)
def test_a_refusal_is_one_line_and_a_hint(reply: Reply, hint: str) -> None:
    with XRayFake(replies=[reply]) as xray, pytest.raises(XRayGrafanaError) as caught:
        fetch(xray_client(None, xray.url), ID)
    assert caught.value.where == f"X-Ray at {xray.url}"
    assert caught.value.summary == f"BatchGetTraces was refused: {reply.error}: the words of {reply.error}\\x1b[2J"
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(("reply", "hint"), [(Reply(429, "ThrottledException"), "too often"), (Reply(500, "Whatever"), "in a minute")])
def test_what_passes_is_tried_again_by_the_client_first(reply: Reply, hint: str) -> None:
    with XRayFake({ID.xray: checkout()}, replies=[reply]) as xray:
        assert fetch(xray_client(None, xray.url), ID).documents
    with XRayFake(replies=[reply] * 4) as xray, pytest.raises(XRayGrafanaError) as caught:
        fetch(xray_client(None, xray.url), ID)
    assert hint in str(caught.value.hint)


def test_an_answer_that_does_not_end_is_not_waited_for() -> None:
    over = threading.Event()
    with XRayFake({ID.xray: checkout()}, replies=[Reply(200, content=b"{}", until=over)]) as xray:
        client = xray_client(None, xray.url)
        with pytest.raises(XRayGrafanaError, match="BatchGetTraces did not end within 0 s") as caught:
            fetch(client, ID, patience_seconds=0)
        over.set()
    assert caught.value.where == f"X-Ray at {xray.url}"
    assert "is there X-Ray" in str(caught.value.hint)


def test_nobody_there_says_so() -> None:
    with XRayFake() as xray:
        client = xray_client(None, xray.url)
    with pytest.raises(XRayGrafanaError, match="cannot be asked: Could not connect") as caught:
        fetch(client, ID)
    assert "xray-grafana sandbox" in str(caught.value.hint)


def test_a_plain_address_needs_neither_credentials_nor_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    with XRayFake({ID.xray: checkout()}) as xray:
        fetch(xray_client(None, xray.url), ID)
        monkeypatch.setenv("AWS_ENDPOINT_URL_XRAY", xray.url)
        client = xray_client(None, None)
        fetch(client, ID)
        assert xray.signatures == [None, None]
        assert (client.meta.region_name, place_of(client)) == ("us-east-1", f"X-Ray at {xray.url}")


def test_aws_needs_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="region"):
        xray_client(None, None)
    assert place_of(xray_client(None, None, other_region="eu-west-1")) == "X-Ray in eu-west-1"
    assert place_of(xray_client("us-west-2", None, other_region="eu-west-1")) == "X-Ray in us-west-2"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    client = xray_client(None, None, other_region="eu-west-1")
    assert place_of(client) == "X-Ray in cn-north-1"
    with pytest.raises(XRayGrafanaError, match="there are no AWS credentials") as caught:
        fetch(client, ID)
    assert "AWS_PROFILE" in str(caught.value.hint)


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UsageError, match="nobody"):
        xray_client(None, None, other_region="eu-west-1")


def test_a_password_in_an_address_is_not_repeated() -> None:
    assert (
        place_of(xray_client(None, "https://ann:secret@proxy.example:8443/x", other_region="eu-west-1"))
        == "X-Ray at https://proxy.example:8443"
    )


@pytest.mark.parametrize(
    ("age_seconds", "hint"),
    [
        (
            60,
            "perhaps it is younger than 5 minutes, and its segments may still be on their way, or it was not sampled, or it is in another ",
        ),
        (
            DAY,
            "perhaps it was not sampled, or it is older than 30 days, or it is in another region or account, or with Transaction Search ",
        ),
        (
            31 * DAY,
            "perhaps its id says 2026-09-20, and X-Ray keeps traces for 30 days, or it was not sampled, or it is in another region ",
        ),
    ],
)
def test_an_id_that_is_not_there_has_likely_reasons(age_seconds: int, hint: str) -> None:
    error = not_found(ID, "X-Ray in eu-west-1", ID.epoch_seconds + age_seconds)
    assert str(error).startswith(f"X-Ray in eu-west-1: no trace {ID.xray}\n  hint: {hint}")
    assert error.exit_code == 1
