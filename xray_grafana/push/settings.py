"""Where Loki is and who we are there: an address and an environment in, settings with their secrets sealed out."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from xray_grafana.contract import SHIPPER_VARIABLES
from xray_grafana.errors import UsageError

PUSH_PATH: Final = "/loki/api/v1/push"

URL: Final = SHIPPER_VARIABLES["url"]
TENANT: Final = SHIPPER_VARIABLES["tenant"]
USER: Final = SHIPPER_VARIABLES["user"]
PASSWORD: Final = SHIPPER_VARIABLES["password"]
BEARER_TOKEN: Final = SHIPPER_VARIABLES["bearer_token"]
PASSWORD_FILE: Final = f"{PASSWORD}_FILE"
BEARER_TOKEN_FILE: Final = f"{BEARER_TOKEN}_FILE"
CA_FILE: Final = "LOKI_CA_FILE"
CERT_FILE: Final = "LOKI_CERT_FILE"
KEY_FILE: Final = "LOKI_KEY_FILE"

# What Loki takes for a tenant, a colon before a tenant within it: grafana/dskit tenant/tenant.go. A token: RFC 6750, 2.1.
_TENANT: Final = re.compile(r"(?!\.{1,2}(:|\Z))[A-Za-z0-9!\-_.*'()]{1,150}(:(?!\.{1,2}\Z)[A-Za-z0-9!\-_.*'()]{1,150})?")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_PRINTABLE_HOST: Final = re.compile(r"[^\s/?#@\\]+")
_HOST_MAX: Final = 253  # characters: RFC 1035, 2.3.4, without the lengths and the root


class Secret:
    """A value that shows itself only when asked: neither `str` nor `repr` has it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Loki's address without a path of its API, and the caller. A secret stands here or in a file, which may be replaced while we run."""

    url: str
    tenant: str | None = None
    user: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    password_file: Path | None = None
    bearer_token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def settings_from(url: str | None, environ: Mapping[str, str], *, tenant: str | None = None) -> PushSettings:
    """The settings of the environment; `url` and `tenant` come before its own. An empty variable counts as unset. Raises UsageError."""
    values = {name: value for name, value in environ.items() if value}
    settings = PushSettings(
        url=_base_url(url or values.get(URL)),
        tenant=_tenant(tenant or values.get(TENANT)),
        user=values.get(USER),
        password=_secret(values, PASSWORD),
        bearer_token=_secret(values, BEARER_TOKEN),
        password_file=_path(values, PASSWORD_FILE),
        bearer_token_file=_path(values, BEARER_TOKEN_FILE),
        ca_file=_path(values, CA_FILE),
        cert_file=_path(values, CERT_FILE),
        key_file=_path(values, KEY_FILE),
    )
    _check_caller(settings)
    read_password(settings)
    read_bearer_token(settings)
    tls_context(settings)
    return settings


def read_password(settings: PushSettings) -> Secret | None:
    """The password as it is now. Raises UsageError when its file cannot be read."""
    return settings.password if settings.password_file is None else _read(settings.password_file, PASSWORD_FILE)


def read_bearer_token(settings: PushSettings) -> Secret | None:
    """The token as it is now. Raises UsageError when its file cannot be read, and when the token would break the header."""
    name = BEARER_TOKEN if settings.bearer_token_file is None else BEARER_TOKEN_FILE
    token = settings.bearer_token if settings.bearer_token_file is None else _read(settings.bearer_token_file, name)
    if token is not None and not _TOKEN.fullmatch(token.reveal()):
        raise UsageError(
            "the token has a character that no HTTP header takes", where=name, hint="a token is one word without spaces or line breaks"
        )
    return token


def tls_context(settings: PushSettings) -> ssl.SSLContext | None:
    """What TLS checks and shows, from the files as they are now; None for plain HTTP. Raises UsageError if one is not what it should be."""
    if not settings.url.startswith("https:"):
        return None
    for path, name in ((settings.ca_file, CA_FILE), (settings.cert_file, CERT_FILE), (settings.key_file, KEY_FILE)):
        if path is not None:
            _read_bytes(path, name)
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except ssl.SSLError:
            raise UsageError(f"{settings.ca_file}: holds no certificate", where=CA_FILE, hint="it takes certificates in PEM form") from None
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_passphrase)
        except (ssl.SSLError, _NeedsPassphraseError) as error:
            summary = f"{settings.cert_file}: {_certificate_fault(error)}"
            raise UsageError(
                summary, where=CERT_FILE, hint=f"it takes a certificate in PEM form, and {KEY_FILE} its key without a passphrase"
            ) from None
    return context


class _NeedsPassphraseError(Exception):
    pass


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal.
    raise _NeedsPassphraseError


def _certificate_fault(error: Exception) -> str:
    if isinstance(error, _NeedsPassphraseError):
        return "its key has a passphrase"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "cannot be used with its key"


def _base_url(url: str | None) -> str:
    hint = f"{URL} or --loki is where Loki is, such as http://loki-gateway.loki.svc"
    if url is None:
        raise UsageError("no Loki was named", hint=hint)
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise UsageError("Loki's address is no URL", where=URL, hint=hint) from None
    if "@" in parts.netloc:
        # Not repeated: it has a password.
        hint = f"put them into {USER} and {PASSWORD}"
        raise UsageError("Loki's address has a user or a password in it, where it ends up in logs", where=URL, hint=hint)
    if parts.scheme not in {"http", "https"} or not _PRINTABLE_HOST.fullmatch(parts.netloc) or port == 0 or not parts.hostname:
        raise UsageError(f"Loki's address is no http:// or https:// URL: {url[:100]!r}", where=URL, hint=hint)
    if not _can_be(parts.hostname):
        raise UsageError(f"Loki's address has a host that can never be one: {url[:100]!r}", where=URL, hint=hint)
    if parts.query or parts.fragment or re.search(r"[^\x21-\x7e]", parts.path):
        raise UsageError("Loki's address has more than scheme, host and path", where=URL, hint=hint)
    path = parts.path.rstrip("/").removesuffix(PUSH_PATH).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _can_be(host: str) -> bool:
    """Whether the host's parts are of 1 to 63 characters and it is not too long as a whole, as everything that resolves names wants it."""
    try:
        return len(host.encode("idna").removesuffix(b".")) <= _HOST_MAX
    except UnicodeError:
        return False


def _tenant(tenant: str | None) -> str | None:
    if tenant is not None and not _TENANT.fullmatch(tenant):
        hint = "a tenant has at most 150 characters: letters, digits and ! - _ . * ' ( )"
        raise UsageError(f"no tenant that Loki takes: {tenant[:100]!r}", where=TENANT, hint=hint)
    return tenant


def _secret(values: Mapping[str, str], name: str) -> Secret | None:
    return Secret(values[name]) if name in values else None


def _path(values: Mapping[str, str], name: str) -> Path | None:
    return Path(values[name]) if name in values else None


def _check_caller(settings: PushSettings) -> None:
    pairs = (
        (settings.password, PASSWORD, settings.password_file, PASSWORD_FILE),
        (settings.bearer_token, BEARER_TOKEN, settings.bearer_token_file, BEARER_TOKEN_FILE),
    )
    for value, name, file, file_name in pairs:
        if value is not None and file is not None:
            raise UsageError(f"{name} and {file_name} are both set", hint="set one of them")
    has_password = settings.password is not None or settings.password_file is not None
    has_token = settings.bearer_token is not None or settings.bearer_token_file is not None
    if settings.user is not None and not has_password:
        raise UsageError(f"{USER} is set and no password", hint=f"set {PASSWORD} or {PASSWORD_FILE}")
    if has_password and settings.user is None:
        raise UsageError("a password is set and no user", hint=f"set {USER}")
    if has_password and has_token:
        raise UsageError("a user and a bearer token are both set", hint=f"unset {USER} with its password, or the token")
    if settings.user is not None and ":" in settings.user:
        raise UsageError(f"the user has a colon: {settings.user[:100]!r}", where=USER, hint="HTTP's basic authentication cannot carry one")
    if settings.key_file is not None and settings.cert_file is None:
        raise UsageError(f"{KEY_FILE} is set and {CERT_FILE} is not", hint=f"set {CERT_FILE} to the key's certificate")


def _read(path: Path, name: str) -> Secret:
    try:
        text = _read_bytes(path, name).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no UTF-8 text", where=name) from None
    secret = text.rstrip("\r\n")
    if not secret:
        raise UsageError(f"{path}: is empty", where=name)
    return Secret(secret)


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", where=name) from None
