"""Names of log objects: an S3 key or a path in, what it says about the lines out.

One table says which names there are and what becomes of each; the first row that fits decides. Only the part from `AWSLogs/` on matters, so
that a copy in a local folder says as much as the object. A file that was taken out of its folders says it by its own name.

Sources: the Elastic Load Balancing user guides named in each row. Rows marked inferred follow no document that states the whole form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, TypeAlias

from xray_grafana import contract

LogType: TypeAlias = contract.LogType


@dataclass(frozen=True, slots=True)
class LogKey:
    """What the name of a log says. None: it does not.

    load_balancer  as in its ARN, `app/my-lb/50dc6c495c0c9188` or `net/…`; of a Classic Load Balancer its name
    end_time       UTC; the lines are of the five minutes before it
    node_ip        of the load balancer's node that wrote it
    prefix         what stands before `AWSLogs`, without the slash between them
    """

    log_type: LogType
    account: str | None
    region: str | None
    load_balancer: str | None
    end_time: datetime | None
    node_ip: str | None
    prefix: str


@dataclass(frozen=True, slots=True)
class TestFile:
    """What AWS writes to see whether it may: one sentence, no log."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A name of something that is not shipped. `reason`: a clause that follows `it`."""

    reason: str


@dataclass(frozen=True)
class KeyPattern:
    """A row of the table. `regex` is looked for anywhere in the key.

    `example` is as AWS would write it, `result` a log's type or what else it is, `source` where the form is from.
    """

    name: str
    regex: str
    example: str
    result: LogType | TestFile | Refused
    source: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The regex, ready to use."""
        return re.compile(self.regex)


_ACCOUNT: Final = r"(?P<account>[0-9]{12})"
_REGION: Final = r"(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+)"
_SERVICE: Final = f"{_ACCOUNT}_elasticloadbalancing_{_REGION}_"
_END: Final = r"_(?P<end>[0-9]{8}T?[0-9]{4}Z)"
_NODE: Final = r"_(?P<node>[0-9A-Fa-f.:]+)"
# Behind the random part may stand what a person did to a copy: `.log`, `.log.gz`, nothing.
_RANDOM: Final = r"_[0-9A-Za-z]+(?:\.log)?(?:\.gz)?$"
_START: Final = r"(?:^|/)"
_ALB: Final = r"(?P<lb>app\.[0-9A-Za-z-]+\.[0-9A-Za-z]+)"
_NLB: Final = r"(?P<lb>net\.[0-9A-Za-z-]+\.[0-9A-Za-z]+)"
_GWLB: Final = r"gwy\.[0-9A-Za-z-]+\.[0-9A-Za-z]+"
_CLB: Final = r"(?P<lb>[0-9A-Za-z-]+)"

_ALB_GUIDE: Final = "Application Load Balancers user guide"
_REMEDY: Final = "let the load balancer write its logs to S3 itself, under its attributes"

KEY_PATTERNS: Final[tuple[KeyPattern, ...]] = (
    KeyPattern(
        "test file",
        rf"{_START}ELB(?:AccessLog|ConnectionLog|HealthCheckLog)TestFile$",
        "AWSLogs/123456789012/ELBAccessLogTestFile",
        TestFile(),
        f"{_ALB_GUIDE}, “Enable access logs”, step “Verify bucket permissions”, and the same for connection and health check logs",
    ),
    KeyPattern(
        "access log",
        rf"{_START}{_SERVICE}{_ALB}{_END}{_NODE}{_RANDOM}",
        "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01/"
        "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm.log.gz",
        "access",
        f"{_ALB_GUIDE}, “Access logs”",
    ),
    KeyPattern(
        "connection log",
        rf"{_START}conn_log[_.]{_SERVICE}{_ALB}{_END}{_NODE}{_RANDOM}",
        "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01/"
        "conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm"
        ".log.gz",
        "connection",
        f"{_ALB_GUIDE}, “Connection logs”; older editions of it have a dot behind conn_log",
    ),
    KeyPattern(
        "health check log",
        rf"{_START}health_check_log_{_SERVICE}{_ALB}{_END}{_NODE}{_RANDOM}",
        "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01/health_check_log_"
        "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm.log.gz",
        "health_check",
        f"{_ALB_GUIDE}, “Health check logs”",
    ),
    KeyPattern(
        "Network Load Balancer",
        rf"{_START}{_SERVICE}{_NLB}{_END}(?:{_NODE})?{_RANDOM}",
        "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2020/05/01/"
        "123456789012_elasticloadbalancing_us-east-2_net.my-loadbalancer.1234567890abcdef_20200501T0000Z_20sg8hgm.log.gz",
        "nlb",
        "Network Load Balancers user guide, “Access logs”; names of 2016 have no T in the time",
    ),
    KeyPattern(
        "Gateway Load Balancer",
        rf"{_START}(?:[a-z_]+_log[_.])?{_SERVICE}{_GWLB}_",
        "AWSLogs/123456789012/elasticloadbalancing/us-east-2/2022/05/01/"
        "123456789012_elasticloadbalancing_us-east-2_gwy.my-loadbalancer.1234567890abcdef_20220215T2340Z_20sg8hgm.log.gz",
        Refused("is of a Gateway Load Balancer, which sees packets and no requests"),
        "inferred from the other names: the resource id of these begins with gwy/",
    ),
    KeyPattern(
        "Classic Load Balancer",
        rf"{_START}{_SERVICE}{_CLB}{_END}{_NODE}{_RANDOM}",
        "my-app/AWSLogs/123456789012/elasticloadbalancing/us-west-2/2014/02/15/"
        "123456789012_elasticloadbalancing_us-west-2_my-loadbalancer_20140215T2340Z_172.160.1.192_20sg8hgm.log",
        "clb",
        "Classic Load Balancers user guide, “Access logs”; not compressed",
    ),
    KeyPattern(
        "what other programs leave",
        r"(?:/|_\$folder\$|\.metadata|(?:^|/)manifest\.json|\.(?:md5|part|sha256|tmp))$",
        "prefix/AWSLogs/123456789012/elasticloadbalancing/",
        Refused("is no log but what another program keeps beside logs, such as a folder's marker"),
        "inferred: what consoles and query engines leave in buckets",
    ),
    KeyPattern(
        "delivered through CloudWatch Logs",
        r"(?:^|[/_])(?:ALB|NLB)_(?:ACCESS|CONNECTION|HEALTH_CHECK)_LOGS?(?:[/_.]|$)",
        "AWSLogs/123456789012/ALB_ACCESS_LOGS/us-east-2/2026/05/01/my-loadbalancer_1c3f2e.json.gz",
        Refused(f"was delivered through CloudWatch Logs in a form of each user's choice, which is not read; {_REMEDY}"),
        "inferred from the names of its log types (CloudWatch Logs API reference, PutDeliverySource)",
    ),
    KeyPattern(
        "another form of file",
        r"\.(?:json|parquet|w3c)(?:\.gz|\.snappy)?$",
        "logs/2026/05/01/my-loadbalancer.gz.parquet",
        Refused(f"is JSON, Parquet or W3C by its name, as CloudWatch Logs delivers them, and these are not read; {_REMEDY}"),
        "inferred from the forms that CloudWatch Logs delivers to S3 (json, plain, w3c, parquet)",
    ),
    KeyPattern(
        "another service's log",
        r"(?:^|/)AWSLogs/(?:o-[0-9a-z]{10,32}/)?[0-9]{12}/(?!elasticloadbalancing/)[0-9A-Za-z._-]+/",
        "AWSLogs/123456789012/vpcflowlogs/us-east-2/2026/05/01/"
        "123456789012_vpcflowlogs_us-east-2_fl-0123456789abcdef0_20260501T0000Z_1a2b3c4d.log.gz",
        Refused("is the log of another service, not of a load balancer"),
        "inferred: services share `AWSLogs/<account>/<service>/`; organisations have their id in front of the account",
    ),
)


def classify_key(key: str) -> LogKey | TestFile | Refused | None:
    """What a key or a path names. None: the name says nothing, look at the content. Never fails."""
    for pattern in KEY_PATTERNS:
        found = pattern.compiled.search(key)
        if found is not None:
            return _log_key(pattern.result, found, key) if isinstance(pattern.result, str) else pattern.result
    return None


def _log_key(log_type: LogType, found: re.Match[str], key: str) -> LogKey:
    groups = found.groupdict()
    name = groups["lb"]
    return LogKey(
        log_type,
        groups["account"],
        groups["region"],
        name if log_type == "clb" else name.replace(".", "/"),
        _end_time(groups["end"]),
        groups["node"],
        _prefix(key),
    )


def _end_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.replace("T", ""), "%Y%m%d%H%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _prefix(key: str) -> str:
    """What stands before `AWSLogs`, which a prefix cannot contain; nothing where the folders are gone."""
    before, found, _ = f"/{key}".rpartition("/AWSLogs/")
    return before.removeprefix("/") if found else ""
