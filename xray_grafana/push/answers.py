"""What an answer of Loki's push API means for the push: status and text in, one action out.

Statuses and texts: grafana/loki 3.7.8, pkg/distributor/{distributor,http,validator}.go, pkg/loghttp/push/push.go, pkg/util/http.go,
pkg/validation/validate.go, pkg/ingester/{instance,stream}.go; each was also seen in the answers of that Loki.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final, Literal

from xray_grafana.push.refusals import REFUSED


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. Without a status nothing came, `error` says why, and what Loki did is unknown.

    text                 what Loki said, whole: the refused entries are counted from it
    retry_after_seconds  how long Loki asks to be left alone
    fault                what trying again will not mend: the other side's certificate was refused, or there can be no such address
    """

    status: int | None
    text: str = ""
    retry_after_seconds: float | None = None
    error: str | None = None
    fault: Literal["certificate", "address"] | None = None


class Action(Enum):
    """What is to be done about a push."""

    ACCEPTED = auto()
    PARTLY_REFUSED = auto()
    REFUSED_BY_POLICY = auto()
    TOO_LARGE = auto()
    SLOW_DOWN = auto()
    TRY_AGAIN = auto()
    UNAUTHORISED = auto()
    NOT_LOKI = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: answers with one of the statuses whose text has the pattern call for the action, and why."""

    action: Action
    statuses: Collection[int]
    pattern: re.Pattern[str] | None
    why: str


_ANY: Final = range(100, 1000)
_SUCCESS: Final = range(200, 300)

# What Loki says about a missing or unfit tenant: grafana/dskit user/id.go, tenant/tenant.go.
ABOUT_TENANT: Final = re.compile(r"no org id|multiple org IDs present|tenant ID ")

# The first row that fits decides.
RULES: Final = (
    Rule(
        Action.NOT_LOKI,
        (*_SUCCESS, 400, 422),
        re.compile(r"\A\s*<"),
        "Loki answers in plain text; a page comes from a login or a proxy in front of it, and nothing was stored, whatever the status",
    ),
    Rule(
        Action.NOT_LOKI,
        (400, 422),
        re.compile(r"\A\s*\Z|\AClient sent an HTTP request to an HTTPS server"),
        "Loki names what it refuses; this is a proxy's answer, or that of a server which wants https",
    ),
    Rule(
        Action.REFUSED_BY_POLICY,
        _ANY,
        re.compile(r"ingestion blocked for user"),
        "the tenant is blocked (block_ingestion_until), for a time; the status is a setting, 260 unless changed",
    ),
    Rule(Action.REFUSED_BY_POLICY, (260,), None, "Loki's own status for a blocked tenant: a 2xx, and yet nothing was stored"),
    Rule(Action.ACCEPTED, _SUCCESS, None, "Loki says 204; what speaks Loki's API may say 200"),
    Rule(
        Action.UNAUTHORISED,
        (400, 401, 403),
        ABOUT_TENANT,
        "the tenant is missing or none that Loki takes: the same for every push",
    ),
    Rule(Action.UNAUTHORISED, (401, 403), None, "who we are is not known or not allowed: the same for every push"),
    Rule(
        Action.TOO_LARGE,
        (400, 500),
        re.compile(r"message size too large|compressed message size \d+ exceeds limit|message larger than max"),
        "too large for Loki, or for gRPC between its parts (grpc_server_max_recv_msg_size, 4 MiB uncompressed), whenever it is sent",
    ),
    Rule(Action.TOO_LARGE, (413,), None, "the body is too large, for Loki or for a proxy"),
    Rule(
        Action.SLOW_DOWN,
        (400,),
        re.compile(r"Per stream rate limit exceeded"),
        "without sharding a stream's rate is limited entry by entry, and an entry too far behind among them turns the 429 into a 400",
    ),
    Rule(Action.SLOW_DOWN, (429,), None, "a rate or the number of streams is exceeded; nothing was stored"),
    Rule(
        Action.PARTLY_REFUSED,
        (400, 422),
        REFUSED,
        "the entries named were refused, the others are stored: sending them again changes nothing",
    ),
    Rule(Action.TRY_AGAIN, (400, 422), None, "words that are none of Loki's: what was stored is unknown"),
    Rule(Action.TRY_AGAIN, (408, 425), None, "the request took too long, or came too early: what was stored is unknown"),
    Rule(Action.TRY_AGAIN, range(500, 600), None, "Loki or a proxy is not well: what was stored is unknown"),
    Rule(Action.NOT_LOKI, _ANY, None, "no answer of a push API: the address is that of something else"),
)

_BYTES: Final = re.compile(r"limit: (\d{1,18}) bytes/sec\)")
_STREAM_BYTES: Final = re.compile(r"Per stream rate limit exceeded \(limit: (\d{1,18})([KMGTPE]?B)/sec\)")
_UNITS: Final[dict[str, int]] = {unit: 1024**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB", "PB", "EB"))}
_STREAM_COUNT: Final = "maximum active stream limit exceeded"
_SECONDS: Final = re.compile(r"\d{1,9}(\.\d+)?")


def action_of(answer: Answer) -> Action:
    """What the answer calls for."""
    if answer.status is None:
        return Action.TRY_AGAIN
    return next(rule.action for rule in RULES if _fits(rule, answer.status, answer.text))


def _fits(rule: Rule, status: int, text: str) -> bool:
    return status in rule.statuses and (rule.pattern is None or rule.pattern.search(text) is not None)


def rate_limit_bytes(text: str) -> int | None:
    """The bytes a second that a 429 names, the tenant's or the stream's; None where it names none. Loki does not tell the burst."""
    if match := _BYTES.search(text):
        return int(match[1])
    if match := _STREAM_BYTES.search(text):
        return int(match[1]) * _UNITS[match[2]]
    return None


def is_about_streams(text: str) -> bool:
    """Whether a 429 is about the number of streams: a smaller push does not help."""
    return _STREAM_COUNT in text


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """A Retry-After header in seconds from now, whether it gives seconds or a date (RFC 9110, 10.2.3). `now` is in seconds since 1970."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):  # the second for years and zones beyond all calendars
        return None
