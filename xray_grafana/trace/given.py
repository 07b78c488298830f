"""The trace that somebody means: text as it was pasted in, one id out. An id alone, an X-Amzn-Trace-Id header, or a log line with one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from xray_grafana.alb.access import LineError, parse_access
from xray_grafana.alb.fields import printable
from xray_grafana.contract import W3C_TRACE_ID_PATTERN, XRAY_TRACE_ID_PATTERN
from xray_grafana.errors import UsageError
from xray_grafana.xray.header import parse_header
from xray_grafana.xray.trace_id import TraceId, parse_trace_id

_NAMED_MAX: Final = 4
_EXCERPT_LENGTH: Final = 60
_HINT: Final = "give 1-8-24 hex digits as X-Ray writes it, 32 as OpenTelemetry does, or a line with one of them in quotes"
# `Self=` is the load balancer's hop and no trace. Ids run into nothing else: a longer word is another thing.
_XRAY: Final = re.compile(rf"(?<![\w-])(?<!Self=)(?:{XRAY_TRACE_ID_PATTERN})(?![\w-])")
# A word of 32 digits may be anything, such as a checksum. One behind the name of a trace id, or in a traceparent, is an id.
_NAMED: Final = re.compile(
    rf"(?:trace[._-]?id\"?'?\s*[:=]\s*\"?'?|\b[0-9a-f]{{2}}-(?=[0-9a-f]{{32}}-[0-9a-f]{{16}}-))({W3C_TRACE_ID_PATTERN})(?!\w)",
    re.IGNORECASE,
)
_BARE: Final = re.compile(rf"(?<![\w-])(?:{W3C_TRACE_ID_PATTERN})(?![\w-])")


def id_in(text: str) -> TraceId:
    """The one trace id in a text; capital digits are taken as well. Raises UsageError when there is none, or more than one."""
    stripped = text.strip()
    whole = parse_trace_id(stripped.lower())
    if whole is not None:
        return whole
    found = _access_root(stripped) or _distinct([*_XRAY.findall(stripped), *_NAMED.findall(stripped)]) or _distinct(_BARE.findall(stripped))
    if not found:
        raise UsageError(f"no trace id in {_excerpt(stripped)}", hint=_HINT)
    if len(found) > 1:
        named = ", ".join(each.xray for each in found[:_NAMED_MAX]) + (", …" if len(found) > _NAMED_MAX else "")
        raise UsageError(f"{len(found)} different trace ids in what was given: {named}", hint="give the one that is meant")
    return found[0]


def _access_root(text: str) -> list[TraceId]:
    """The root in the header of an access-log line or in a header alone: whatever else stands there came from the client."""
    try:
        header = parse_access(text.encode(errors="replace")).trace
    except LineError:
        header = parse_header(text.removeprefix("X-Amzn-Trace-Id:").strip())
    return [] if header.root is None else [header.root]


def _distinct(texts: Iterable[str]) -> list[TraceId]:
    ids = (parse_trace_id(text.lower()) for text in texts)
    return list(dict.fromkeys(each for each in ids if each is not None))


def _excerpt(text: str) -> str:
    shown = printable(text[: _EXCERPT_LENGTH + 1])
    return repr(shown) if len(shown) <= _EXCERPT_LENGTH else f"'{shown[: _EXCERPT_LENGTH - 1]}…'"
