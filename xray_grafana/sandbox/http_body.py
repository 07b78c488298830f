"""The body of an HTTP/1.1 request, by its length or in chunks, read from a stream and bounded. Source: RFC 9112, sections 6 and 7."""

from __future__ import annotations

import re
from email.message import Message
from http import HTTPStatus
from typing import Final, Protocol

# 50 documents of 64 kB, each character of them escaped, and the OTLP requests that X-Ray takes are smaller.
MAX_BODY: Final = 16 * 1024 * 1024
_WITHOUT: Final = ("GET", "DELETE")
_LENGTH: Final = re.compile(r"[0-9]{1,15}").fullmatch
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?\n").fullmatch
_LINE_BREAKS: Final = (b"\r\n", b"\n")
_LONGEST_LINE: Final = 4096
_TRAILERS: Final = 100


class RefusedError(Exception):
    """The request cannot be read; the connection is closed after the answer, for nobody knows where the next one begins."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Reads(Protocol):
    """A stream that blocks until it has what is asked for, or its end, or raises TimeoutError."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer at the end."""
        ...

    def readline(self, limit: int, /) -> bytes:
        """Up to a line break and with it, but at most so many bytes."""
        ...


def read_body(method: str, headers: Message, stream: Reads) -> bytes:
    """All of the body. Raises RefusedError."""
    if headers.defects:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a header line is broken")
    lengths = headers.get_all("content-length", [])
    codings = headers.get_all("transfer-encoding", [])
    try:
        if codings:
            if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "a body has either Content-Length or Transfer-Encoding: chunked")
            return _chunked(stream)
        if lengths:
            return _sized(lengths, stream)
    except TimeoutError:
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from None
    if method not in _WITHOUT:
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
    return b""


def _sized(lengths: list[str], stream: Reads) -> bytes:
    if len(set(lengths)) > 1 or not _LENGTH(lengths[0].strip()):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "Content-Length is no number of bytes")
    length = int(lengths[0])
    if length > MAX_BODY:
        raise _too_large()
    return _exactly(length, stream)


def _chunked(stream: Reads) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream):
        if len(body) + size > MAX_BODY:
            raise _too_large()
        body += _exactly(size, stream)
        if stream.readline(_LONGEST_LINE) not in _LINE_BREAKS:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "a chunk is longer than it says")
    for _ in range(_TRAILERS):
        if stream.readline(_LONGEST_LINE) in {*_LINE_BREAKS, b""}:
            return bytes(body)
    raise RefusedError(HTTPStatus.BAD_REQUEST, "the body has too many trailers")


def _chunk_size(stream: Reads) -> int:
    found = _SIZE(stream.readline(_LONGEST_LINE))
    if found is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a chunk does not begin with its size")
    return int(found[1], 16)


def _exactly(length: int, stream: Reads) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is shorter than it says")
    return found


def _too_large() -> RefusedError:
    return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {MAX_BODY} bytes")
