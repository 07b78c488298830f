"""One datagram as the X-Ray daemon takes it: a header line, a line break, a segment document.

The AWS distributions of OpenTelemetry put an OTLP request in the place of the document: `T1S`, then base64. Behind `T1U` are spans that
were not sampled: Application Signals counts them, X-Ray keeps no trace of them, and neither does the sandbox.
Sources: aws/aws-xray-daemon, pkg/tracesegment; aws-observability/aws-otel-python-instrumentation, otlp_udp_exporter.
"""

from __future__ import annotations

import base64
import binascii
import json
from functools import lru_cache
from typing import Final

_SHOWN_BYTES: Final = 60
_SAMPLED: Final = b"T1S"
_UNSAMPLED: Final = b"T1U"


class BadDatagramError(Exception):
    """The datagram is none of the daemon's; `str()` says why."""


def documents_of(datagram: bytes) -> list[str]:
    """The texts of the documents in it, unchecked; what is no UTF-8 comes as characters that `documents.check` refuses."""
    header, line_break, body = datagram.partition(b"\n")
    if not line_break:
        raise BadDatagramError(f"no line break after the header line: {_shown(datagram)}")
    if not _is_header(header.strip()):
        raise BadDatagramError(f'the header line must be {{"format":"json","version":1}}, got: {_shown(header)}')
    if body.startswith(_SAMPLED):
        return _from_otlp(body.removeprefix(_SAMPLED))
    if body.startswith(_UNSAMPLED):
        return []
    return [body.decode("utf-8", "surrogateescape")]


@lru_cache(maxsize=64)
def _is_header(header: bytes) -> bool:
    try:
        value = json.loads(header)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or isinstance(value.get("version"), bool):
        return False
    return str(value.get("format")).lower() == "json" and value.get("version") == 1


def _from_otlp(body: bytes) -> list[str]:
    from xray_grafana.sandbox.otlp import convert  # its messages take as long to load as all else

    try:
        return convert.documents_of(base64.b64decode(body.strip(), validate=True), convert.PROTOBUF)
    except binascii.Error as error:
        raise BadDatagramError(f"the OTLP request is no base64: {error}") from error
    except convert.OtlpError as error:
        raise BadDatagramError(str(error)) from error


def _shown(text: bytes) -> str:
    shown = ascii(text[:_SHOWN_BYTES])[1:]
    return f"{shown}…" if len(text) > _SHOWN_BYTES else shown
