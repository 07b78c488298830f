"""A request reaches Loki as it should, and whatever happens on the way becomes an answer."""

from __future__ import annotations

import base64
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import xray_grafana
from tests.push.batches import batch, stored
from tests.push.certificates import Authority
from tests.push.loki_fake import NO_LIMITS, Drop, LokiFake, Reply, ResetInAnswer, ResetInRequest, Slow
from xray_grafana.errors import LokiError, UsageError
from xray_grafana.push.answers import Answer
from xray_grafana.push.client import TEXT_LIMIT_BYTES, PushClient, loki_error, words_of
from xray_grafana.push.settings import PushSettings, Secret, settings_from

pytestmark = pytest.mark.enable_socket

HIDDEN = "s3cr3t-of-ours"
BODY = batch(3).body()


@pytest.fixture
def loki() -> Iterator[LokiFake]:
    with LokiFake(NO_LIMITS) as loki:
        yield loki


@pytest.fixture
def client(loki: LokiFake) -> Iterator[PushClient]:
    with PushClient(settings_from(loki.url, {}), timeout_seconds=5) as client:
        yield client


def client_of(loki: LokiFake, **environ: str) -> PushClient:
    return PushClient(settings_from(loki.url, environ), timeout_seconds=5)


def rewrite(file: Path, text: str) -> None:
    """Replaces a file as Kubernetes does, by another one under the same name."""
    other = file.with_name("new")
    other.write_text(text, encoding="utf-8")
    os.utime(other, ns=(1, file.stat().st_mtime_ns + 1_000_000_000))
    other.replace(file)


def test_a_body_arrives_as_it_is_and_its_entries_are_stored(loki: LokiFake, client: PushClient) -> None:
    assert client.post(BODY) == Answer(204)

    (request,) = loki.requests
    assert request.body == BODY
    assert loki.entries() == stored(batch(3))
    assert request.headers["User-Agent"] == f"xray-grafana/{xray_grafana.__version__}"
    assert request.headers["Content-Type"] == "application/x-protobuf"
    assert not {"Authorization", "X-Scope-OrgID", "Content-Encoding"} & request.headers.keys()


def test_a_push_may_carry_headers_of_its_own(loki: LokiFake, client: PushClient) -> None:
    client.post(BODY, {"X-Loki-Backfill-Shard": "2026-11-21T17"})

    assert loki.requests[0].headers["X-Loki-Backfill-Shard"] == "2026-11-21T17"


def test_one_connection_serves_many_pushes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def serve() -> None:
            connection, _ = server.accept()
            accepted.append(connection)
            for _ in range(3):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1)
                connection.recv(4, socket.MSG_WAITALL)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        with PushClient(PushSettings(f"http://127.0.0.1:{server.getsockname()[1]}"), timeout_seconds=5) as client:
            assert [client.post(b"body").status for _ in range(3)] == [204, 204, 204]
        thread.join()
        accepted[0].close()


def test_as_many_connections_are_kept_as_there_can_be_threads(caplog: pytest.LogCaptureFixture) -> None:
    together = threading.Barrier(64)

    def push() -> None:
        together.wait(20)
        statuses.append(client.post(BODY).status)

    statuses: list[int | None] = []
    with LokiFake(NO_LIMITS) as loki, client_of(loki) as client:
        loki.script([Slow(0.5)] * 64)
        threads = [threading.Thread(target=push) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert statuses == [204] * 64
    assert "discarding connection" not in caplog.text


def test_the_path_before_loki_is_kept() -> None:
    with LokiFake(NO_LIMITS, prefix="/logs/eu") as loki, client_of(loki) as client:
        assert client.post(BODY).status == 204


def test_the_tenant_is_named() -> None:
    with LokiFake(NO_LIMITS, tenants=True) as loki, client_of(loki, LOKI_TENANT="shop") as client:
        assert client.post(BODY).status == 204
        assert loki.entries(tenant="shop") == stored(batch(3))
        assert loki.entries(tenant="other") == []


def test_user_and_password_go_as_basic_authentication_in_utf_8() -> None:
    with LokiFake(NO_LIMITS, basic=("ünser", "pass:wörd")) as loki, client_of(loki, LOKI_USER="ünser", LOKI_PASSWORD="pass:wörd") as client:  # noqa: S106
        assert client.post(BODY).status == 204
        assert base64.b64decode(loki.requests[0].headers["Authorization"].removeprefix("Basic ")) == "ünser:pass:wörd".encode()


def test_a_password_file_is_used_and_read_again_when_it_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old\n", encoding="utf-8")
    with LokiFake(NO_LIMITS, basic=("u", "old")) as loki, client_of(loki, LOKI_USER="u", LOKI_PASSWORD_FILE=str(file)) as client:
        assert client.post(BODY).status == 204
        loki.basic = ("u", "new")
        assert client.post(BODY).status == 401

        rewrite(file, "new\n")

        assert client.post(BODY).status == 204


def test_a_token_file_that_is_gone_or_unfit_for_a_moment_leaves_the_old_token_in_use(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first", encoding="utf-8")
    with LokiFake(NO_LIMITS, bearer="first") as loki, client_of(loki, LOKI_BEARER_TOKEN_FILE=str(file)) as client:
        rewrite(file, "two words")
        assert client.post(BODY).status == 204
        file.unlink()
        assert client.post(BODY).status == 204

        file.write_text("second", encoding="utf-8")
        loki.bearer = "second"

        assert client.post(BODY).status == 204


def test_a_client_cannot_be_made_with_a_file_that_is_gone() -> None:
    with pytest.raises(UsageError, match="LOKI_BEARER_TOKEN_FILE"):
        PushClient(PushSettings("http://loki", bearer_token_file=Path("/no/such")))


def test_an_answer_brings_its_text_and_the_time_to_wait(loki: LokiFake, client: PushClient) -> None:
    loki.script([Reply(429, "slow dówn", {"Retry-After": "7"})])

    assert client.post(BODY) == Answer(429, "slow dówn", retry_after_seconds=7.0)


def test_an_endless_answer_is_cut_and_the_next_push_is_fine(loki: LokiFake, client: PushClient) -> None:
    loki.script([Reply(400, "x" * (TEXT_LIMIT_BYTES + 1_000_000))])

    assert client.post(BODY) == Answer(400, "x" * TEXT_LIMIT_BYTES)
    assert client.post(BODY).status == 204


def test_a_redirect_is_not_followed_and_its_secrets_are_not_kept(loki: LokiFake, client: PushClient) -> None:
    loki.script(
        [Reply(302, "", {"Location": f"https://u:{HIDDEN}@sso.example.org/login?state={HIDDEN}"}), Reply(307, "", {"Location": "/x"})]
    )

    assert client.post(BODY) == Answer(302, "sends us on to https://sso.example.org/login")
    assert client.post(BODY) == Answer(307, "sends us on to /x")
    assert loki.statuses == [302, 307]


def test_a_redirect_to_what_is_no_address_is_told(loki: LokiFake, client: PushClient) -> None:
    loki.script([Reply(302, "", {"Location": "https://[::1"})])

    assert client.post(BODY) == Answer(302, "sends us on to what is no address")


def test_an_absurd_time_to_wait_is_no_time(loki: LokiFake, client: PushClient) -> None:
    loki.script([Reply(429, "", {"Retry-After": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"})])

    assert client.post(BODY) == Answer(429)


@pytest.mark.parametrize("url", ["http://lo..ki", f"http://{'l' * 64}"])
def test_an_address_that_can_be_none_is_told_as_such(url: str) -> None:
    with PushClient(PushSettings(url), timeout_seconds=5) as client:
        answer = client.post(BODY)

        assert (answer.status, answer.fault) == (None, "address")
        assert str(loki_error(answer, client.settings)).startswith(f"{url}: Loki cannot be reached: there can be no such address: ")


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Drop(), "the connection broke: Remote end closed connection without response"),
        (ResetInRequest(), "the connection broke: Connection reset by peer"),
        (ResetInAnswer(), "the connection broke: Connection reset by peer"),
    ],
)
def test_a_connection_that_breaks_is_an_answer_too(loki: LokiFake, client: PushClient, step: Drop, error: str) -> None:
    loki.script([step])

    assert client.post(BODY) == Answer(None, error=error)
    assert client.post(BODY).status == 204


def answer_of(said: bytes) -> Answer:
    """What becomes of a server that says this, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        with PushClient(PushSettings(f"http://127.0.0.1:{server.getsockname()[1]}"), timeout_seconds=5) as client:
            answer = client.post(b"body")
        thread.join()
    return answer


def test_an_answer_shorter_than_it_said_is_none() -> None:
    answer = answer_of(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n3 errors like")

    assert answer.status is None
    assert str(answer.error).startswith("the connection broke: ")


def test_what_is_no_http_is_an_answer_too() -> None:
    answer = answer_of(b"SSH-2.0-OpenSSH_9.6\r\n")

    assert answer.status is None
    assert "SSH-2.0" in str(answer.error)


def test_silence_ends_after_the_time_it_was_given(loki: LokiFake) -> None:
    loki.script([Slow(30)])
    with PushClient(PushSettings(loki.url), timeout_seconds=0.2) as client:
        assert client.post(BODY) == Answer(None, error="no answer within 0.2 s")


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with PushClient(PushSettings(f"http://127.0.0.1:{port}"), timeout_seconds=5) as client:
        assert client.post(BODY) == Answer(None, error="Connection refused")


def test_a_server_that_takes_no_more_connections_is_told() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(server.getsockname())
        client = stack.enter_context(PushClient(PushSettings(f"http://127.0.0.1:{server.getsockname()[1]}"), timeout_seconds=0.2))

        assert client.post(BODY) == Answer(None, error="no connection in time")


def test_a_name_that_cannot_be_one_is_told() -> None:
    with PushClient(PushSettings(f"http://{'a' * 64}.example"), timeout_seconds=5) as client:
        assert "label empty or too long" in str(client.post(BODY).error)


def test_a_name_that_nobody_knows_is_told() -> None:
    with PushClient(PushSettings("http://loki.invalid"), timeout_seconds=5) as client:
        assert client.post(BODY) == Answer(None, error="its name cannot be resolved")


def test_tls_goes_by_the_authority_that_was_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with LokiFake(NO_LIMITS, tls=authority.server_context()) as loki, client_of(loki, LOKI_CA_FILE=str(authority.certificate)) as client:
        assert client.post(BODY) == Answer(204)


def test_a_certificate_that_is_not_trusted_is_told_as_such(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with LokiFake(NO_LIMITS, tls=authority.server_context()) as loki, client_of(loki) as client:
        answer = client.post(BODY)

        assert answer.fault == "certificate"
        assert str(answer.error).startswith("TLS: the certificate is not trusted: ")
        assert "set LOKI_CA_FILE" in str(loki_error(answer, client.settings))


def test_tls_where_there_is_none_is_told(loki: LokiFake) -> None:
    with PushClient(PushSettings(loki.url.replace("http:", "https:")), timeout_seconds=5) as client:
        answer = client.post(BODY)

    assert answer.status is None
    assert answer.fault is None
    assert str(answer.error).startswith("TLS: ")


def test_a_client_certificate_is_shown_and_read_again_when_it_is_replaced(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    files = old.client_environ("shipper")
    replacement = new.client_environ("shipper")
    environ = {**files, "LOKI_CA_FILE": str(new.certificate)}
    with LokiFake(NO_LIMITS, tls=new.server_context(asks_for_clients=True)) as loki, client_of(loki, **environ) as client:
        assert client.post(BODY).status is None

        for variable, file in files.items():
            rewrite(Path(file), Path(replacement[variable]).read_text(encoding="utf-8"))

        assert client.post(BODY).status == 204


def test_a_question_is_answered_with_what_the_json_says(loki: LokiFake, client: PushClient) -> None:
    loki.on_get("/loki/api/v1/query", lambda params: {"asked": params})

    assert client.get_json("/loki/api/v1/query", {"query": '{lb="a b"} |= `x`', "limit": "5"}) == {
        "asked": {"query": '{lb="a b"} |= `x`', "limit": "5"}
    }
    assert client.get_json("/loki/api/v1/query") == {"asked": {}}


def test_a_question_that_is_refused_is_an_error(loki: LokiFake, client: PushClient) -> None:
    with pytest.raises(LokiError) as caught:
        client.get_json("/nowhere")

    assert str(caught.value) == (
        f"{loki.url}: Loki refused: 404 page not found\n"
        "  hint: check LOKI_URL or --loki: Loki is to be there, /loki/api/v1/push is added to it"
    )


def serving_once(answer: bytes) -> tuple[str, threading.Thread]:
    """A server that gives one answer, whatever it is asked: its address, and what to wait for."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", thread


@pytest.mark.parametrize(("text", "said"), [("hello", "hello"), ("[" * 100_000, "[" * 199 + "…"), ("9" * 5000, "9" * 199 + "…")])
def test_an_answer_that_is_no_json_is_an_error(text: str, said: str) -> None:
    url, served = serving_once(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text.encode()))
    with PushClient(PushSettings(url), timeout_seconds=5) as client, pytest.raises(LokiError) as caught:
        client.get_json("/loki/api/v1/query")
    served.join()

    assert str(caught.value).startswith(f"{url}: the answer to /loki/api/v1/query is no JSON: {said}\n  hint: check LOKI_URL")


def test_what_is_not_even_http_is_quoted_without_what_steers_a_terminal() -> None:
    url, served = serving_once(b"\x1b[2J\x9b31mno http\r\n\r\n")
    with PushClient(PushSettings(url), timeout_seconds=5) as client:
        answer = client.post(b"x")
    served.join()

    assert answer.status is None
    assert words_of(answer).isprintable()


def test_an_answer_whose_compression_is_broken_is_no_answer() -> None:
    url, served = serving_once(b"HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
    with PushClient(PushSettings(url), timeout_seconds=5) as client:
        answer = client.post(b"x")
    served.join()

    assert (answer.status, answer.fault) == (None, None)
    assert "gzip" in words_of(answer)


NO_TENANT = Answer(401, "no org id\n")
UNKNOWN = Answer(401, "unauthorized\n")


@pytest.mark.parametrize(
    ("answer", "settings", "text"),
    [
        (NO_TENANT, PushSettings("http://l"), "http://l: Loki refused: 401 no org id\n  hint: set LOKI_TENANT to a tenant of this Loki"),
        (NO_TENANT, PushSettings("http://l", tenant="t"), "http://l: Loki refused: 401 no org id\n  hint: check LOKI_TENANT"),
        (
            UNKNOWN,
            PushSettings("http://l"),
            "http://l: Loki refused: 401 unauthorized\n  hint: set LOKI_USER and LOKI_PASSWORD, or LOKI_BEARER_TOKEN",
        ),
        (
            UNKNOWN,
            PushSettings("http://l", user="u", password=Secret(HIDDEN)),
            "http://l: Loki refused: 401 unauthorized\n  hint: check LOKI_USER and LOKI_PASSWORD, and whether this user may write logs",
        ),
        (
            Answer(403),
            PushSettings("http://l", bearer_token=Secret(HIDDEN)),
            "http://l: Loki refused: 403\n  hint: check LOKI_BEARER_TOKEN, and whether it may write logs",
        ),
        (
            Answer(403),
            PushSettings("http://l", bearer_token_file=Path("/t")),
            "http://l: Loki refused: 403\n  hint: check LOKI_BEARER_TOKEN, and whether it may write logs",
        ),
        (
            Answer(429, "too fast"),
            PushSettings("http://l"),
            (
                "http://l: Loki refused: 429 too fast\n  hint: raise ingestion_rate_mb, per_stream_rate_limit or "
                "max_global_streams_per_user in Loki's limits_config, or ship less at once"
            ),
        ),
        (
            Answer(503, "no ingesters"),
            PushSettings("http://l"),
            "http://l: Loki refused: 503 no ingesters\n  hint: look at Loki's own log, or at what stands before it",
        ),
        (
            Answer(None, error="Connection refused"),
            PushSettings("http://l"),
            "http://l: Loki cannot be reached: Connection refused\n  hint: check LOKI_URL or --loki, and whether Loki is running",
        ),
    ],
)
def test_an_error_says_what_loki_said_and_what_to_set(answer: Answer, settings: PushSettings, text: str) -> None:
    assert str(loki_error(answer, settings)) == text


def test_pushes_from_many_threads_do_not_mix(loki: LokiFake, client: PushClient) -> None:
    statuses: list[int | None] = []
    threads = [threading.Thread(target=lambda: statuses.extend(client.post(BODY).status for _ in range(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [204] * 80
    assert [request.body for request in loki.requests] == [BODY] * 80
