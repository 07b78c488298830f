"""The `http` block of a segment document, from a span's attributes by either generation of OpenTelemetry's HTTP conventions."""

from __future__ import annotations

from typing import Any, Final

from xray_grafana.sandbox.otlp.values import Attributes, Kind, OtlpSpan, given, number_of, text_of

# New name first: semantic conventions 1.23 renamed them ("HTTP semantic convention stability migration").
METHOD: Final = ("http.request.method", "http.method")
STATUS: Final = ("http.response.status_code", "http.status_code")
_FULL_URL: Final = ("url.full", "http.url")
_USER_AGENT: Final = ("user_agent.original", "http.user_agent")
_CLIENT: Final = ("client.address", "http.client_ip")
_CLIENT_OF_CONNECTION: Final = ("network.peer.address", "net.sock.peer.addr", "net.peer.ip")
_LENGTH: Final = ("http.response.body.size", "http.response_content_length")
_SCHEME: Final = ("url.scheme", "http.scheme")
_OWN_HOST: Final = ("server.address", "http.server_name", "net.host.name", "host.name")
_OWN_PORT: Final = ("server.port", "net.host.port")
_OTHER_HOST: Final = ("server.address", "net.peer.name", "net.peer.ip")
_OTHER_PORT: Final = ("server.port", "net.peer.port")
_HOST_HEADER: Final = "http.host"
_TARGET: Final = "http.target"
_PATH: Final = "url.path"
_QUERY: Final = "url.query"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_SIGNS: Final = frozenset((*METHOD, *STATUS, *_FULL_URL, *_USER_AGENT, _HOST_HEADER, _TARGET))
# What the block says already, and nobody needs in the metadata a second time.
HTTP_NAMES: Final = _SIGNS | frozenset(
    (*_CLIENT, *_CLIENT_OF_CONNECTION, *_LENGTH, *_SCHEME, *_OWN_HOST, *_OWN_PORT, *_OTHER_HOST, *_OTHER_PORT, _PATH, _QUERY)
)


def http_of(span: OtlpSpan) -> dict[str, Any] | None:
    """The block; None for a span that is about no HTTP request. Servers alone tell a client's address: a client's peer is its server."""
    attributes = span.attributes
    if _SIGNS.isdisjoint(attributes):
        return None
    serves = span.kind is Kind.SERVER
    request: dict[str, Any] = {
        "method": text_of(attributes, *METHOD),
        "url": _url(attributes, serves=serves),
        "user_agent": text_of(attributes, *_USER_AGENT),
        "client_ip": text_of(attributes, *_CLIENT, *_CLIENT_OF_CONNECTION) if serves else None,
        "x_forwarded_for": True if serves and text_of(attributes, "http.client_ip") else None,
    }
    response = {"status": number_of(attributes, *STATUS), "content_length": number_of(attributes, *_LENGTH)}
    return {"request": given(request), "response": given(response)}


def host_of(attributes: Attributes) -> str | None:
    """The name of the server that a call went to, without its port where that stands apart."""
    return text_of(attributes, _HOST_HEADER, *_OTHER_HOST)


def _url(attributes: Attributes, *, serves: bool) -> str | None:
    """The one that was sent, or one put together; None without a host."""
    if full := text_of(attributes, *_FULL_URL):
        return full
    scheme = text_of(attributes, *_SCHEME) or "http"
    place = text_of(attributes, _HOST_HEADER) or _place(attributes, scheme, serves=serves)
    return f"{scheme}://{place}{_target(attributes)}" if place else None


def _place(attributes: Attributes, scheme: str, *, serves: bool) -> str | None:
    host = text_of(attributes, *(_OWN_HOST if serves else _OTHER_HOST))
    if host is None:
        return None
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    port = number_of(attributes, *(_OWN_PORT if serves else _OTHER_PORT))
    return host if port in {None, _DEFAULT_PORTS.get(scheme)} else f"{host}:{port}"


def _target(attributes: Attributes) -> str:
    if target := text_of(attributes, _TARGET):
        return target
    query = text_of(attributes, _QUERY)
    return (text_of(attributes, _PATH) or "/") + (f"?{query}" if query else "")
