"""Which trace ids X-Ray knows: ids by region in, those it has and those it left undone out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    HTTPClientError,
    NoCredentialsError,
)

import xray_grafana
from xray_grafana.alb.clients import client
from xray_grafana.contract import PART_OF
from xray_grafana.errors import XRayGrafanaError
from xray_grafana.push.refusals import excerpt

# BatchGetTraces, TraceIds: "Specify the trace IDs of requests for which to retrieve segments", five at most.
IDS_PER_CALL: Final = 5
# https://aws.amazon.com/xray/pricing/: traces retrieved, in the regions of the first price; the free ones are not counted.
USD_PER_MILLION_TRACES: Final = 0.50
_TRIES: Final = 8
_ROUNDS: Final = 4
_FIRST_WAIT_SECONDS: Final = 0.5
# A trace comes in pages by its segments; one page tells that it is there.
_PAGES_MAX: Final = 20
_SIGN_IN_CODES: Final = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidSignature", "RequestExpired")
_TOO_MANY_REQUESTS: Final = 429
_SERVER_FAULT: Final = 500
ANOTHER_HINT: Final = "check --endpoint-url: is there X-Ray, or something else?"

Client = Any


@dataclass(slots=True)
class Known:
    """Ids that X-Ray has, and those it left undone however often it was asked."""

    found: set[str] = field(default_factory=set)
    unprocessed: set[str] = field(default_factory=set)


def xray_client(region: str | None, endpoint_url: str | None = None) -> Client:
    """X-Ray of a region; None: the region of the environment. Raises UsageError and SourceError."""
    # Calls follow one another as fast as they are answered: X-Ray throttles that, and is asked again.
    retries = {"mode": "adaptive", "total_max_attempts": _TRIES}
    config = Config(retries=retries, user_agent_extra=f"{PART_OF}/{xray_grafana.__version__}")
    return client("xray", config, region, endpoint_url, region_hint="set AWS_DEFAULT_REGION or --region")


def calls_for(ids_by_region: Mapping[str | None, Collection[str]]) -> int:
    """How many calls that takes, those not counted that repeat what X-Ray left undone."""
    return sum(-(-len(ids) // IDS_PER_CALL) for ids in ids_by_region.values())


def dollars_for(count: int) -> float:
    """What it costs at most to retrieve as many traces, in USD."""
    return count * USD_PER_MILLION_TRACES / 1_000_000


def known_traces(
    client_of: Callable[[str | None], Client],
    ids_by_region: Mapping[str | None, Collection[str]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Known:
    """Asks for each id in its region; None is the region that the environment says. Raises XRayGrafanaError when X-Ray refuses."""
    known = Known()
    for region, ids in ids_by_region.items():
        try:
            xray = client_of(region)
            left = sorted(ids)
            for attempt in range(_ROUNDS):
                if attempt:
                    sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
                left = [each for group in _groups(left) for each in _ask(xray, group, known.found)]
                if not left:
                    break
            known.unprocessed |= set(left)
        except (BotoCoreError, ClientError) as error:
            raise refusal(error, f"X-Ray in {region}" if region else "X-Ray") from error
    return known


def _groups(ids: list[str]) -> Iterator[list[str]]:
    yield from (ids[start : start + IDS_PER_CALL] for start in range(0, len(ids), IDS_PER_CALL))


def _ask(xray: Client, ids: list[str], found: set[str]) -> list[str]:
    """Adds what X-Ray has of these to `found` and returns those it left undone."""
    unprocessed: set[str] = set()
    request: dict[str, Any] = {"TraceIds": ids}
    for _ in range(_PAGES_MAX):
        answer = xray.batch_get_traces(**request)
        found |= {trace["Id"] for trace in answer.get("Traces", ())}
        unprocessed |= set(answer.get("UnprocessedTraceIds", ()))
        token = answer.get("NextToken")
        if not token or found.issuperset(ids):
            break
        request["NextToken"] = token
    return sorted(unprocessed - found)


def refusal(error: BotoCoreError | ClientError, where: str) -> XRayGrafanaError:
    """The error of a call of BatchGetTraces, for a reader. `where` is the X-Ray that was asked, in words."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, text = str(details.get("Code", "unknown")), str(details.get("Message", "")).strip()
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        answer = excerpt(f"{code}: {text}" if text else code)
        return XRayGrafanaError(f"BatchGetTraces was refused: {answer}", where=where, hint=_hint(code, status))
    if isinstance(error, NoCredentialsError):
        hint = "sign in with `aws sso login` or set AWS_PROFILE; a sandbox takes any AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        return XRayGrafanaError("there are no AWS credentials", where=where, hint=hint)
    is_network = isinstance(error, ConnectionError | HTTPClientError)
    network_hint = "check --endpoint-url and the network; for a local X-Ray, whether `xray-grafana sandbox` is running"
    return XRayGrafanaError(f"cannot be asked: {excerpt(str(error))}", where=where, hint=network_hint if is_network else None)


def _hint(code: str, status: int) -> str | None:
    if "AccessDenied" in code:
        return "the credentials need xray:BatchGetTraces, as aws/iam/grafana-policy.json allows it"
    if any(word in code for word in _SIGN_IN_CODES):
        return "the credentials have expired or are of another account: sign in again"
    if status == _TOO_MANY_REQUESTS or "Throttl" in code:
        return "somebody asks X-Ray too often, such as boards that refresh every few seconds: try again in a minute"
    return "try again in a minute" if status >= _SERVER_FAULT else ANOTHER_HINT
