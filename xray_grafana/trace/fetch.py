"""One trace from X-Ray: a client and an id in, segment documents out. Only this module talks to AWS."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

import xray_grafana
from xray_grafana.alb.clients import client
from xray_grafana.alb.traces import ANOTHER_HINT, refusal
from xray_grafana.contract import PART_OF, SANDBOX_REGION, XRAY_ENDPOINT_VARIABLE
from xray_grafana.errors import XRayGrafanaError
from xray_grafana.trace.patience import OutOfPatienceError, within
from xray_grafana.xray.trace_id import TraceId

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_TRIES: Final = 4
_ROUNDS: Final = 4
# More than all tries of a page need that is read to its time-out.
_PATIENCE_SECONDS: Final = 180.0
# Of a trace that X-Ray keeps whole, 500 kB, there are a handful.
_PAGES_MAX: Final = 1000
_FIRST_WAIT_SECONDS: Final = 0.5
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
_ADDRESS_VARIABLES: Final = (XRAY_ENDPOINT_VARIABLE, "AWS_ENDPOINT_URL")
# X-Ray keeps traces for 30 days: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html
_KEPT_SECONDS: Final = 30 * 86_400
_YOUNG_SECONDS: Final = 300

Client = Any


class _NotXRayError(Exception):
    """The answer is none of X-Ray's; `str()` says why."""


@dataclass(slots=True)
class Fetched:
    """What X-Ray has of a trace: documents of segments in the order they came, none when it does not know the id.

    limit_exceeded  it left segments out, because the trace is too large
    unreadable      documents that are no JSON objects
    """

    documents: list[Mapping[str, Any]] = field(default_factory=list)
    limit_exceeded: bool = False
    unreadable: int = 0


def xray_client(region: str | None, endpoint_url: str | None, *, other_region: str | None = None) -> Client:
    """X-Ray in a region: the one given, else that of the environment, else the other one. Raises UsageError and SourceError.

    An address with plain http:// is not AWS, which has none: it is asked without a signature, so that no credentials are needed.
    """
    options: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": _TRIES},
        "user_agent_extra": f"{PART_OF}/{xray_grafana.__version__}",
    }
    region = region or _region_of_environment() or other_region
    address = endpoint_url or next(filter(None, map(os.environ.get, _ADDRESS_VARIABLES)), "")
    if address.startswith("http://"):
        options["signature_version"] = UNSIGNED
        region = region or SANDBOX_REGION
    return client("xray", Config(**options), region, endpoint_url, region_hint="set AWS_DEFAULT_REGION or --region")


def place_of(xray: Client) -> str:
    """Where that client asks, in words."""
    address = urlsplit(xray.meta.endpoint_url)
    host = address.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        return f"X-Ray in {xray.meta.region_name}"
    port = f":{address.port}" if address.port else ""
    return f"X-Ray at {address.scheme}://{host}{port}"


def fetch(
    xray: Client, trace_id: TraceId, *, sleep: Callable[[float], None] = time.sleep, patience_seconds: float = _PATIENCE_SECONDS
) -> Fetched:
    """Every page of the trace. What X-Ray leaves undone is asked for again, a few times. Raises XRayGrafanaError."""
    try:
        return within(patience_seconds, lambda: _fetch(xray, trace_id, sleep))
    except OutOfPatienceError as error:
        summary = f"BatchGetTraces did not end within {patience_seconds:g} s"
        raise XRayGrafanaError(summary, where=place_of(xray), hint=ANOTHER_HINT) from error


def _fetch(xray: Client, trace_id: TraceId, sleep: Callable[[float], None]) -> Fetched:
    try:
        for attempt in range(_ROUNDS):
            if attempt:
                sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            fetched = _ask(xray, trace_id)
            if fetched is not None:
                return _legible(fetched, trace_id, place_of(xray))
    except (BotoCoreError, ClientError) as error:
        raise refusal(error, place_of(xray)) from error
    except _NotXRayError as error:
        raise XRayGrafanaError(
            f"the answer to BatchGetTraces is not that of X-Ray: {error}", where=place_of(xray), hint=ANOTHER_HINT
        ) from error
    summary = f"it left {trace_id.xray} undone however often it was asked"
    raise XRayGrafanaError(summary, where=place_of(xray), hint="it is busy, or throttles this account: try again in a minute")


def _legible(fetched: Fetched, trace_id: TraceId, where: str) -> Fetched:
    """A trace of which nothing can be read is there all the same."""
    if fetched.unreadable and not fetched.documents:
        summary = f"trace {trace_id.xray} is there, but none of its documents can be read: no JSON objects, got {fetched.unreadable}"
        raise XRayGrafanaError(summary, where=where, hint="look at what sends them, and whether there is X-Ray at all")
    return fetched


def not_found(trace_id: TraceId, where: str, now_seconds: float) -> XRayGrafanaError:
    """The error of an id that X-Ray does not know, the likeliest reason first."""
    age_seconds = now_seconds - trace_id.epoch_seconds
    reasons = ["it was not sampled", "it is in another region or account", "with Transaction Search only indexed spans can be asked for"]
    if age_seconds > _KEPT_SECONDS:
        reasons.insert(0, f"its id says {_day(trace_id.epoch_seconds)}, and X-Ray keeps traces for 30 days")
    elif age_seconds < _YOUNG_SECONDS:
        reasons.insert(0, "it is younger than 5 minutes, and its segments may still be on their way")
    else:
        reasons.insert(1, "it is older than 30 days")
    return XRayGrafanaError(f"no trace {trace_id.xray}", where=where, hint=f"perhaps {', or '.join(reasons)}")


def _region_of_environment() -> str | None:
    try:
        region = boto3.session.Session().region_name
    except BotoCoreError:  # told by whoever makes the client
        return None
    return region if isinstance(region, str) else None


def _ask(xray: Client, trace_id: TraceId) -> Fetched | None:
    """All pages; None when X-Ray left the id undone."""
    fetched = Fetched()
    texts: dict[str, str] = {}
    request: dict[str, Any] = {"TraceIds": [trace_id.xray]}
    for _ in range(_PAGES_MAX):
        answer = _page(xray, request)
        for trace in answer["Traces"]:
            fetched.limit_exceeded |= trace.get("LimitExceeded") is True
            texts.update((str(segment.get("Id")), str(segment.get("Document"))) for segment in trace.get("Segments") or ())
        if answer.get("UnprocessedTraceIds"):
            return None
        token = answer.get("NextToken")
        if not token or token == request.get("NextToken"):
            _read(texts.values(), fetched)
            return fetched
        request["NextToken"] = token
    raise _NotXRayError(f"{_PAGES_MAX:,} pages, and still there are more")


def _page(xray: Client, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """One page as the service model has it. botocore reads an answer as if it were of its model, and raises whatever that leads to."""
    try:
        answer: Mapping[str, Any] = xray.batch_get_traces(**request)
    except (BotoCoreError, ClientError):
        raise
    except (ResponseParserError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise _NotXRayError("no object with Traces as AWS writes them") from error
    if not isinstance(answer.get("Traces"), list) or not isinstance(answer.get("NextToken"), str | None):
        raise _NotXRayError("no object with Traces as AWS writes them")
    return answer


def _read(texts: Iterable[str], fetched: Fetched) -> None:
    for text in texts:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            fetched.documents.append(document)
        else:
            fetched.unreadable += 1


def _day(epoch_seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(epoch_seconds))
