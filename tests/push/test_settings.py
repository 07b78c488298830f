"""Settings come from the environment; a mistake is told by the name of its variable, and no secret is ever shown."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from tests.push.certificates import Authority
from xray_grafana.errors import UsageError
from xray_grafana.push.settings import PushSettings, Secret, read_bearer_token, read_password, settings_from, tls_context

URL = "http://loki:3100"
HIDDEN = "s3cr3t-of-ours"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://loki:3100", "http://loki:3100"),
        ("http://loki:3100/", "http://loki:3100"),
        ("  https://loki.example.org  ", "https://loki.example.org"),
        ("https://gw.example.org/logs/", "https://gw.example.org/logs"),
        ("http://loki:3100/loki/api/v1/push", "http://loki:3100"),
        ("https://gw.example.org/logs/loki/api/v1/push/", "https://gw.example.org/logs"),
        ("HTTP://[::1]:3100", "http://[::1]:3100"),
        ("http://loki.", "http://loki."),
        (f"http://{'l' * 63}.example.org", f"http://{'l' * 63}.example.org"),
    ],
)
def test_the_address_may_or_may_not_end_in_the_path_of_the_push_api(given: str, url: str) -> None:
    assert settings_from(given, {}) == settings_from(None, {"LOKI_URL": given}) == PushSettings(url)


def test_everything_can_stand_in_the_environment() -> None:
    environ = {"LOKI_URL": URL, "LOKI_TENANT": "shop", "LOKI_USER": "u", "LOKI_PASSWORD": HIDDEN, "PATH": "/bin"}

    assert settings_from(None, environ) == PushSettings(URL, tenant="shop", user="u", password=Secret(HIDDEN))


def test_what_is_given_comes_before_the_environment() -> None:
    assert settings_from(URL, {"LOKI_URL": "http://other", "LOKI_TENANT": "other"}, tenant="shop") == PushSettings(URL, tenant="shop")


def test_an_empty_variable_counts_as_unset() -> None:
    environ = {"LOKI_URL": URL, "LOKI_TENANT": "", "LOKI_USER": "", "LOKI_PASSWORD": "", "LOKI_BEARER_TOKEN_FILE": "", "LOKI_CA_FILE": ""}

    assert settings_from(None, environ) == PushSettings(URL)


@pytest.mark.parametrize("url", [None, ""])
def test_without_any_address_the_variable_is_named(url: str | None) -> None:
    with pytest.raises(UsageError, match="no Loki was named") as caught:
        settings_from(url, {})

    assert "LOKI_URL or --loki" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "loki:3100",
        "loki",
        "ftp://loki",
        "http://",
        "http:///path",
        "http://:3100",
        "http://loki:notaport",
        "http://loki:0",
        "http://loki:70000",
        "http://[::1",
        "http://loki\\path",
        "http://lo ki",
        "http://loki?x=1",
        "http://loki/#there",
        "http://loki/pa th",
        "http://loki/päth",
        "http://lo..ki",
        "http://.loki",
        f"http://{'l' * 64}.example.org",
        f"http://{'loki.' * 50}example",
        f"http://{'ö' * 63}",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"^LOKI_URL: Loki's address "):
        settings_from(url, {})


@pytest.mark.parametrize("url", [f"http://user:{HIDDEN}@loki", f"https://{HIDDEN}@loki/", f"{HIDDEN}://user:{HIDDEN}@loki?{HIDDEN}"])
def test_a_password_in_the_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="has a user or a password in it") as caught:
        settings_from(url, {})

    assert HIDDEN not in str(caught.value)
    assert "put them into LOKI_USER and LOKI_PASSWORD" in str(caught.value)


@pytest.mark.parametrize("tenant", ["shop", "a.b-c_d!e*f'(g)", "x" * 150, "123:k6", "...", "a..b"])
def test_tenants_that_loki_takes(tenant: str) -> None:
    assert settings_from(URL, {}, tenant=tenant).tenant == tenant


@pytest.mark.parametrize(
    "tenant", ["a b", "a|b", "a/b", ".", "..", "..:a", "a:..", "a:", ":a", "a:b:c", "x" * 151, "ü", "a\r\nX-Evil: 1", "a\n"]
)
def test_tenants_that_loki_does_not_take_or_that_break_the_header(tenant: str) -> None:
    with pytest.raises(UsageError, match=r"^LOKI_TENANT: no tenant that Loki takes: '"):
        settings_from(URL, {"LOKI_TENANT": tenant})


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"LOKI_USER": "u"}, "LOKI_USER is set and no password\n  hint: set LOKI_PASSWORD or LOKI_PASSWORD_FILE"),
        ({"LOKI_PASSWORD": HIDDEN}, "a password is set and no user\n  hint: set LOKI_USER"),
        (
            {"LOKI_USER": "u", "LOKI_PASSWORD": HIDDEN, "LOKI_BEARER_TOKEN": HIDDEN},
            "a user and a bearer token are both set\n  hint: unset LOKI_USER with its password, or the token",
        ),
        (
            {"LOKI_USER": "u", "LOKI_PASSWORD": HIDDEN, "LOKI_PASSWORD_FILE": "/x"},
            "LOKI_PASSWORD and LOKI_PASSWORD_FILE are both set\n  hint: set one of them",
        ),
        (
            {"LOKI_BEARER_TOKEN": HIDDEN, "LOKI_BEARER_TOKEN_FILE": "/x"},
            "LOKI_BEARER_TOKEN and LOKI_BEARER_TOKEN_FILE are both set\n  hint: set one of them",
        ),
        (
            {"LOKI_USER": "a:b", "LOKI_PASSWORD": HIDDEN},
            "LOKI_USER: the user has a colon: 'a:b'\n  hint: HTTP's basic authentication cannot carry one",
        ),
        ({"LOKI_KEY_FILE": "/x"}, "LOKI_KEY_FILE is set and LOKI_CERT_FILE is not\n  hint: set LOKI_CERT_FILE to the key's certificate"),
        (
            {"LOKI_BEARER_TOKEN": f"{HIDDEN}\n"},
            (
                "LOKI_BEARER_TOKEN: the token has a character that no HTTP header takes\n"
                "  hint: a token is one word without spaces or line breaks"
            ),
        ),
        ({"LOKI_BEARER_TOKEN_FILE": "/no/such"}, "LOKI_BEARER_TOKEN_FILE: /no/such: cannot be read: No such file or directory"),
        ({"LOKI_USER": "u", "LOKI_PASSWORD_FILE": "/"}, "LOKI_PASSWORD_FILE: /: cannot be read: Is a directory"),
    ],
)
def test_a_mistake_names_its_variable_and_shows_no_secret(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_from(URL, environ)

    assert str(caught.value) == message
    assert HIDDEN not in str(caught.value)


def test_a_secret_in_a_file_loses_its_last_line_break_and_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b" old \r\n")
    basic = settings_from(URL, {"LOKI_USER": "u", "LOKI_PASSWORD_FILE": str(file)})
    assert read_password(basic) == Secret(" old ")

    file.write_text("new", encoding="utf-8")
    bearer = settings_from(URL, {"LOKI_BEARER_TOKEN_FILE": str(file)})

    assert read_password(basic) == Secret("new")
    assert read_bearer_token(bearer) == Secret("new")
    assert (basic.password, bearer.bearer_token) == (None, None)


@pytest.mark.parametrize(("content", "fault"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is no UTF-8 text")])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(UsageError, match=f"^LOKI_PASSWORD_FILE: {file}: {fault}$"):
        settings_from(URL, {"LOKI_USER": "u", "LOKI_PASSWORD_FILE": str(file)})


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(HIDDEN)
    settings = PushSettings(URL, user="u", password=secret, bearer_token=secret)

    shown = f"{secret} {secret!r} {settings} {settings!r} {[secret]} {vars(UsageError(str(settings)))}"

    assert HIDDEN not in shown
    assert secret.reveal() == HIDDEN


def test_secrets_compare_by_value_and_travel_with_their_settings() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    settings = PushSettings(URL, bearer_token=Secret("a"))
    assert copy.deepcopy(settings) == pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 — our own bytes


def test_plain_http_needs_no_certificates() -> None:
    assert tls_context(PushSettings(URL)) is None


def test_certificates_are_looked_at_when_the_settings_are_made(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    environ = {"LOKI_CA_FILE": str(authority.certificate), **authority.client_environ("shipper")}

    settings = settings_from("https://loki", environ)

    assert tls_context(settings) is not None
    assert settings.key_file == Path(environ["LOKI_KEY_FILE"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("LOKI_CA_FILE", None, "LOKI_CA_FILE: {file}: cannot be read: No such file or directory"),
        ("LOKI_CA_FILE", b"none", "LOKI_CA_FILE: {file}: holds no certificate\n  hint: it takes certificates in PEM form"),
        (
            "LOKI_CERT_FILE",
            b"none",
            "LOKI_CERT_FILE: {file}: cannot be used with its key\n  hint: it takes a certificate in PEM form, and {key}",
        ),
    ],
)
def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        settings_from("https://loki", {name: str(file)})

    assert str(caught.value) == message.format(file=file, key="LOKI_KEY_FILE its key without a passphrase")


def test_the_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    environ = authority.client_environ("one") | {"LOKI_KEY_FILE": authority.client_environ("two")["LOKI_KEY_FILE"]}

    with pytest.raises(UsageError, match="the key belongs to another certificate"):
        settings_from("https://loki", environ)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    with pytest.raises(UsageError, match="its key has a passphrase"):
        settings_from("https://loki", authority.client_environ("locked", passphrase=b"sesame"))
