r"""Access-log lines for tests and benches: as many as wanted, made from a seed, and a catalogue of odd ones with what they mean.

    for line in access_lines(400_000, seed=7): …

Most lines are as busy load balancers write them. About one in fifty is one of the oddities that real logs have: requests that were
malformed, refused or never answered, WebSockets, Lambda targets, spaces and escaped quotes in URLs, headers of every kind, IPv6.
All of them can be read. `mutated` gives lines that may not be.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
LOAD_BALANCER: Final = "app/shop-front/50dc6c495c0c9188"
KEY: Final = (
    f"prefix/AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/2026/09/20/"
    f"{ACCOUNT}_elasticloadbalancing_{REGION}_app.shop-front.50dc6c495c0c9188_20260920T1005Z_10.0.3.7_4k2a9x1b.log.gz"
)
START: Final = datetime(2026, 9, 20, 10, 0, tzinfo=UTC)
FIELD_COUNTS: Final = (29, 30, 33, 34)

_TARGET_GROUPS: Final = tuple(
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}"
    for name in ("storefront/73e2d6bc24d8a067", "checkout/943f017f100becff", "search/6d0ecf831eec9f09")
)
_CERTIFICATE: Final = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
_PATHS: Final = ("/", "/cart", "/orders/{}", "/search?q=shoe&page={}", "/static/app.{}.js", "/api/v2/items/{}/reviews", "/login")
_METHODS: Final = ("GET", "GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")
_USER_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari",
    "curl/8.7.1",
    "ELB-HealthChecker/2.0",
    "okhttp/4.12.0",
)
_STATUSES: Final = (200,) * 80 + (204, 301, 302, 304, 304, 400, 401, 403, 404, 404, 404, 429, 460, 500, 502, 503, 504)
_LB_MADE: Final = (460, 502, 503, 504)
_ODD_SHARE: Final = 0.02


@dataclass
class Fields:
    """What a line says, as texts; the defaults are a plain GET that went well."""

    type: str = "https"
    time: str = "2026-09-20T10:00:01.052000Z"
    elb: str = LOAD_BALANCER
    client: str = "203.0.113.9:46532"
    target: str = "10.0.3.21:8080"
    request_processing_time: str = "0.001"
    target_processing_time: str = "0.048"
    response_processing_time: str = "0.000"
    elb_status_code: str = "200"
    target_status_code: str = "200"
    received_bytes: str = "312"
    sent_bytes: str = "5120"
    request: str = "GET https://shop.example.com:443/cart HTTP/2.0"
    user_agent: str = "curl/8.7.1"
    ssl_cipher: str = "ECDHE-RSA-AES128-GCM-SHA256"
    ssl_protocol: str = "TLSv1.2"
    target_group_arn: str = _TARGET_GROUPS[0]
    trace: str = "Root=1-68ce7ba1-0123456789abcdef01234567"
    domain_name: str = "shop.example.com"
    chosen_cert_arn: str = _CERTIFICATE
    matched_rule_priority: str = "1"
    request_creation_time: str = "2026-09-20T10:00:01.003000Z"
    actions_executed: str = "forward"
    redirect_url: str = "-"
    error_reason: str = "-"
    target_list: str = "10.0.3.21:8080"
    target_status_code_list: str = "200"
    classification: str = "-"
    classification_reason: str = "-"
    conn_trace_id: str = "TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57"
    transformed_host: str = "-"
    transformed_uri: str = "-"
    request_transform_status: str = "-"
    alb_node_ip: str = "10.0.3.7"

    def line(self, count: int = 34) -> bytes:
        """The line with its first so many fields, 29 at least."""
        text = (
            f"{self.type} {self.time} {self.elb} {self.client} {self.target} {self.request_processing_time} {self.target_processing_time} "
            f"{self.response_processing_time} {self.elb_status_code} {self.target_status_code} {self.received_bytes} {self.sent_bytes} "
            f'"{self.request}" "{self.user_agent}" {self.ssl_cipher} {self.ssl_protocol} {self.target_group_arn} "{self.trace}" '
            f'"{self.domain_name}" "{self.chosen_cert_arn}" {self.matched_rule_priority} {self.request_creation_time} '
            f'"{self.actions_executed}" "{self.redirect_url}" "{self.error_reason}" "{self.target_list}" "{self.target_status_code_list}" '
            f'"{self.classification}" "{self.classification_reason}"'
        )
        late = (
            self.conn_trace_id,
            f'"{self.transformed_host}"',
            f'"{self.transformed_uri}"',
            f'"{self.request_transform_status}"',
            self.alb_node_ip,
        )
        return " ".join((text, *late[: count - 29])).encode()


def access_lines(count: int, *, seed: int = 1, field_counts: tuple[int, ...] = (34,), odd_share: float = _ODD_SHARE) -> Iterator[bytes]:
    """So many readable lines without newlines, in the order in which responses were sent, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 — the same lines for the same seed are the point
    now = START
    for _ in range(count):
        now += timedelta(microseconds=chance.randrange(1500))
        fields = _plain(chance, now)
        if chance.random() < odd_share:
            chance.choice(ODDITIES)(fields, chance)
        yield fields.line(chance.choice(field_counts))


def mutated(line: bytes, chance: random.Random) -> bytes:
    """The line after an accident: cut, a byte changed, a piece doubled or lost, quotes or spaces too many."""
    place = chance.randrange(len(line))
    length = chance.randrange(1, 20)
    accidents: tuple[Callable[[], bytes], ...] = (
        lambda: line[:place],
        lambda: line[place:],
        lambda: line[:place] + bytes([chance.randrange(256)]) + line[place + 1 :],
        lambda: line[:place] + bytes(chance.choice(b'" \\-0\x00\xff:;=Z') for _ in range(length)) + line[place:],
        lambda: line[:place] + line[place + length :],
        lambda: line[: place + length] + line[place:],
        lambda: line.replace(b'"', b"", 1),
        lambda: line.replace(b" ", b"  ", 1),
        lambda: line.replace(b"2026-09-20T", b"2026-02-30T", chance.randrange(1, 3)),
    )
    return chance.choice(accidents)().replace(b"\n", b"?")


def _plain(chance: random.Random, now: datetime) -> Fields:
    status = chance.choice(_STATUSES)
    made_by_lb = status in _LB_MADE and chance.random() < 0.7
    milliseconds = 0 if made_by_lb else int(chance.lognormvariate(3, 1.2))
    created = now - timedelta(milliseconds=milliseconds + 1)
    target = f"10.0.{chance.randrange(1, 5)}.{chance.randrange(2, 250)}:8080"
    path = chance.choice(_PATHS).format(chance.randrange(1_000_000))
    times = ("-1", "-1", "-1") if made_by_lb else ("0.001", f"{milliseconds / 1000:.3f}", "0.000")
    return Fields(
        type=chance.choice(("https", "https", "h2", "h2", "http", "grpcs")),
        time=_text(now),
        client=f"{chance.choice((198, 203))}.0.{chance.randrange(256)}.{chance.randrange(256)}:{chance.randrange(1024, 65_536)}",
        target="-" if made_by_lb else target,
        request_processing_time=times[0],
        target_processing_time=times[1],
        response_processing_time=times[2],
        elb_status_code=str(status),
        target_status_code="-" if made_by_lb else str(status),
        received_bytes=str(chance.randrange(60, 4000)),
        sent_bytes=str(chance.randrange(100, 90_000)),
        request=f"{chance.choice(_METHODS)} https://shop.example.com:443{path} HTTP/2.0",
        user_agent=chance.choice(_USER_AGENTS),
        target_group_arn=chance.choice(_TARGET_GROUPS),
        trace=_header(chance, created),
        chosen_cert_arn=chance.choice(("session-reused", "session-reused", _CERTIFICATE)),
        matched_rule_priority=str(chance.choice((0, 1, 10, 50_000))),
        request_creation_time=_text(created),
        target_list="-" if made_by_lb else target,
        target_status_code_list="-" if made_by_lb else str(status),
        conn_trace_id=f"TID_{chance.getrandbits(128):032x}",
    )


def _header(chance: random.Random, created: datetime) -> str:
    """Four in five were made by the load balancer, the others came with the request."""
    seconds = int(created.timestamp())
    root = f"Root=1-{seconds:08x}-{chance.getrandbits(96):024x}"
    if chance.random() < 0.8:
        return root
    own = f"Self=1-{seconds:08x}-{chance.getrandbits(96):024x}"
    rest = chance.choice(("", "", f";Parent={chance.getrandbits(64):016x};Sampled=1", ";Sampled=0", ";CalledFrom=app"))
    return f"{own};{root}{rest}"


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_header(fields: Fields, _: random.Random) -> None:
    fields.trace = "-"


def _junk_header(fields: Fields, chance: random.Random) -> None:
    root = f"1-68ce7ba1-{chance.getrandbits(96):024x}"
    fields.trace = chance.choice(
        (
            "Root=1-6784d5e6-128581cb1a25f58c",
            f"Root= {root}",
            f"Root={root.upper()}",
            f"Root={root};Self={root}",
            f"Root=;Root={root}",
            f"Sampled=?;Root={root};Lineage=a87bd80c:0|68fd508a:5|c512fbe3:2",
            f"root={root}",
            "curl was here",
            ";;;=;==",
            f"Root={root[:-1]}g",
            f"{root[2:10]}{root[11:]}",
        )
    )


def _malformed(fields: Fields, chance: random.Random) -> None:
    fields.type = "http"
    fields.request = chance.choice(("- http://shop.example.com:80- -", "- http://shop.example.com:80-/ ", "-"))
    fields.user_agent = fields.trace = fields.ssl_cipher = fields.ssl_protocol = fields.target_group_arn = "-"
    fields.elb_status_code = "400"
    _unanswered(fields)
    fields.classification, fields.classification_reason = "Severe", "UndefinedRequest"


def _unanswered(fields: Fields) -> None:
    fields.target = fields.target_status_code = fields.target_list = fields.target_status_code_list = "-"
    fields.request_processing_time = fields.target_processing_time = fields.response_processing_time = "-1"


def _space_in_uri(fields: Fields, _: random.Random) -> None:
    fields.request = "GET https://shop.example.com:443/search?q=red shoe  42 HTTP/1.1"
    fields.classification, fields.classification_reason = "Acceptable", "SpaceInUri"


def _escaped(fields: Fields, _: random.Random) -> None:
    fields.request = r"GET https://shop.example.com:443/a?q=\x22 500 \x22\x5C\xC3\xA9 HTTP/2.0"
    fields.user_agent = r"x\x22 200 1 2 \x22Root=1-00000000-000000000000000000000000"
    fields.redirect_url = r"https://shop.example.com:443/a?q=\x22"


def _bare_ipv6(fields: Fields, chance: random.Random) -> None:
    fields.client = f"2001:db8::{chance.randrange(1, 65_536):x}:50599"


def _bracketed_ipv6(fields: Fields, chance: random.Random) -> None:
    fields.client = f"[2001:db8::{chance.randrange(1, 65_536):x}]:50599"
    fields.target = fields.target_list = "[fd00:10::21]:8080"


def _websocket(fields: Fields, chance: random.Random) -> None:
    closed = datetime.fromisoformat(fields.time)
    fields.type = chance.choice(("ws", "wss"))
    fields.elb_status_code = fields.target_status_code = fields.target_status_code_list = "101"
    fields.request_creation_time = _text(closed - timedelta(seconds=chance.choice((1, 599, 601, 7200))))


def _lambda(fields: Fields, _: random.Random) -> None:
    fields.target = fields.target_list = "-"
    fields.elb_status_code, fields.error_reason = "502", "LambdaInvalidResponse"


def _refused_by_waf(fields: Fields, _: random.Random) -> None:
    _unanswered(fields)
    fields.elb_status_code, fields.actions_executed, fields.error_reason = "403", "waf", "-"


def _redirect(fields: Fields, _: random.Random) -> None:
    _unanswered(fields)
    fields.elb_status_code, fields.actions_executed, fields.target_group_arn = "301", "waf,redirect", "-"
    fields.redirect_url = "https://shop.example.com:443/cart"


def _transformed(fields: Fields, _: random.Random) -> None:
    fields.transformed_host, fields.transformed_uri, fields.request_transform_status = (
        "internal.example.com",
        "/v2/cart",
        "TransformSuccess",
    )


def _no_rule(fields: Fields, chance: random.Random) -> None:
    fields.matched_rule_priority = chance.choice(("-", "-1"))


def _several_targets(fields: Fields, _: random.Random) -> None:
    fields.target_list, fields.target_status_code_list = "10.0.3.21:8080 10.0.3.22:8080", "502 200"


def _long(fields: Fields, chance: random.Random) -> None:
    fields.user_agent = "a" * chance.choice((2_000, 8_000))
    fields.request = f"GET https://shop.example.com:443/{'b' * chance.choice((4_000, 15_000))} HTTP/2.0"


def _non_ascii(fields: Fields, _: random.Random) -> None:
    fields.user_agent = "shop-app/3 (日本語; é)"


# Each makes a plain line odd, and leaves it readable.
ODDITIES: Final[tuple[Callable[[Fields, random.Random], None], ...]] = (
    _no_header,
    _junk_header,
    _malformed,
    _space_in_uri,
    _escaped,
    _bare_ipv6,
    _bracketed_ipv6,
    _websocket,
    _lambda,
    _refused_by_waf,
    _redirect,
    _transformed,
    _no_rule,
    _several_targets,
    _long,
    _non_ascii,
)


@dataclass(frozen=True)
class OddLine:
    """A whole line written by hand. `expected`: fields of `AccessLine` with their values; `root`: the trace id in X-Ray's form."""

    name: str
    line: bytes
    timestamp_ns: int
    level: str
    root: str | None
    expected: dict[str, Any] = field(default_factory=dict)


# 2026-09-20T10:00:00Z is 1789898400: 20 714 days after 1970-01-01 of 86 400 s, and ten hours.
_TEN = 1_789_898_400
_NS = 1_000_000_000

ODD_LINES: Final[tuple[OddLine, ...]] = (
    OddLine(
        "29 fields, bare lists of targets as in the guide's examples",
        b"http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 "
        b"200 200 34 366 "
        b'"GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - '
        b"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "
        b'"Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" 10.0.0.1:80 200 "-" "-"',
        # 17 714 days and 22:22:48.
        1_530_570_168_364_000_000,
        "info",
        "1-58337262-36d228ad5d99923122bbe354",
        {
            "type": "http",
            "elb": "app/my-loadbalancer/50dc6c495c0c9188",
            "client_ip": "192.168.131.39",
            "client_port": 2817,
            "target_ip": "10.0.0.1",
            "target_port": 80,
            "request_processing_seconds": 0.0,
            "target_processing_seconds": 0.001,
            "elb_status_code": 200,
            "received_bytes": 34,
            "sent_bytes": 366,
            "method": "GET",
            "url": "http://www.example.com:80/",
            "protocol": "HTTP/1.1",
            "ssl_cipher": None,
            "domain_name": None,
            "matched_rule_priority": 0,
            "actions_executed": ("forward",),
            "redirect_url": None,
            "targets": ("10.0.0.1:80",),
            "target_status_codes": ("200",),
            "classification": None,
            "conn_trace_id": None,
            "alb_node_ip": None,
            "odd": (),
        },
    ),
    OddLine(
        "34 fields, a header that came with the request, a transformed URI",
        b"h2 2026-09-20T10:00:01.052000Z app/shop-front/50dc6c495c0c9188 203.0.113.9:46532 10.0.3.21:8080 0.001 0.048 0.000 404 "
        b"404 312 5120 "
        b'"GET https://shop.example.com:443/cart HTTP/2.0" "okhttp/4.12.0" TLS_AES_128_GCM_SHA256 TLSv1.3 '
        b"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067 "
        b'"Self=1-68ce7ba2-aaaaaaaaaaaaaaaaaaaaaaaa;Root=1-68ce7ba1-0123456789abcdef01234567;Parent=618f0c8aa046eb8a;Sampled=1" '
        b'"shop.example.com" "session-reused" 10 2026-09-20T10:00:01.003000Z "waf,forward" "-" "-" "10.0.3.21:8080 '
        b'10.0.3.22:8080" "502 404" '
        b'"-" "-" TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57 "internal.example.com" "/v2/cart" "TransformSuccess" 10.0.3.7',
        _TEN * _NS + 1_003_000_000,
        "warn",
        "1-68ce7ba1-0123456789abcdef01234567",
        {
            "time_ns": _TEN * _NS + 1_052_000_000,
            "chosen_cert_arn": "session-reused",
            "actions_executed": ("waf", "forward"),
            "targets": ("10.0.3.21:8080", "10.0.3.22:8080"),
            "target_status_codes": ("502", "404"),
            "conn_trace_id": "TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57",
            "transformed_host": "internal.example.com",
            "transformed_uri": "/v2/cart",
            "request_transform_status": "TransformSuccess",
            "alb_node_ip": "10.0.3.7",
        },
    ),
    OddLine(
        "a malformed request: no method, no protocol, nothing measured",
        b"http 2026-09-20T10:00:00.000001Z app/shop-front/50dc6c495c0c9188 203.0.113.9:46532 - -1 -1 -1 400 - 0 272 "
        b'"- http://shop.example.com:80- -" "-" - - - "-" "-" "-" - 2026-09-20T10:00:00.000000Z "-" "-" "-" "-" "-" "Severe" '
        b'"UndefinedRequest"',
        _TEN * _NS,
        "warn",
        None,
        {
            "time_ns": _TEN * _NS + 1_000,
            "target_ip": None,
            "target_port": None,
            "request_processing_seconds": None,
            "target_processing_seconds": None,
            "response_processing_seconds": None,
            "target_status_code": None,
            "method": None,
            "url": "http://shop.example.com:80-",
            "protocol": None,
            "user_agent": None,
            "target_group_arn": None,
            "trace_header": None,
            "matched_rule_priority": None,
            "actions_executed": (),
            "targets": (),
            "classification": "Severe",
            "classification_reason": "UndefinedRequest",
            "odd": (),
        },
    ),
    OddLine(
        "an empty protocol behind a space, a rule that failed",
        b"http 2026-09-20T10:00:00.500000Z app/shop-front/50dc6c495c0c9188 203.0.113.9:46532 - -1 -1 -1 400 - 0 0 "
        b'"- http://shop.example.com:80-/ " "-" - - - "-" "-" "-" -1 2026-09-20T10:00:00.400000Z "-" "-" "-" "-" "-" "-" "-" '
        b"TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57",
        _TEN * _NS + 400_000_000,
        "warn",
        None,
        {"method": None, "url": "http://shop.example.com:80-/", "protocol": None, "matched_rule_priority": -1, "odd": ()},
    ),
    OddLine(
        "spaces in the URI, quotes and a backslash escaped, a status and an id in the user agent",
        b"https 2026-09-20T10:00:02.000000Z app/shop-front/50dc6c495c0c9188 [2001:db8::1]:50599 [fd00:10::21]:8080 0.001 1.250 "
        b"0.000 502 502 "
        b'312 5120 "GET https://shop.example.com:443/a?q=\\x22 500 \\x22\\x5C HTTP/1.1" "x\\x22 200 '
        b'Root=1-00000000-000000000000000000000000" '
        b"ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
        b"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067 "
        b'"Root=1-68ce7ba1-0123456789abcdef01234567;CalledFrom=app" "shop.example.com" '
        b'"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2026-09-20T10:00:00.749000Z "forward" '
        b'"https://x.example.com:443/?q=\\x22" "-" "[fd00:10::21]:8080" "502" "Acceptable" "SpaceInUri" '
        b"TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57",
        _TEN * _NS + 749_000_000,
        "error",
        "1-68ce7ba1-0123456789abcdef01234567",
        {
            "client_ip": "2001:db8::1",
            "client_port": 50599,
            "target_ip": "fd00:10::21",
            "target_port": 8080,
            "method": "GET",
            "url": r"https://shop.example.com:443/a?q=\x22 500 \x22\x5C",
            "protocol": "HTTP/1.1",
            "user_agent": r"x\x22 200 Root=1-00000000-000000000000000000000000",
            "redirect_url": r"https://x.example.com:443/?q=\x22",
            "target_processing_seconds": 1.25,
            "odd": (),
        },
    ),
    OddLine(
        "a WebSocket that was open for two hours, from a bare IPv6 address: its end is its time",
        b"wss 2026-09-20T12:00:00.000000Z app/shop-front/50dc6c495c0c9188 2601:646:c600:4a30::1:50599 10.0.3.21:8080 0.001 0.003 "
        b"0.000 101 101 "
        b'1070 88211 "GET https://shop.example.com:443/live HTTP/1.1" "-" - - '
        b"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067 "
        b'"Root=1-68ce7ba1-0123456789abcdef01234567" "shop.example.com" "-" 1 2026-09-20T10:00:00.000000Z "forward" "-" "-" '
        b'"10.0.3.21:8080" "101" "-" "-" TID_0f8bd1ee92a4d94f "-" "-" "-" -',
        (_TEN + 7200) * _NS,
        "info",
        "1-68ce7ba1-0123456789abcdef01234567",
        {
            "creation_ns": _TEN * _NS,
            "client_ip": "2601:646:c600:4a30::1",
            "client_port": 50599,
            "elb_status_code": 101,
            "conn_trace_id": "TID_0f8bd1ee92a4d94f",
            "alb_node_ip": None,
            "odd": (),
        },
    ),
    OddLine(
        "an id of 16 digits, as CloudFront's Lambda URLs send it, and fields nobody knows yet behind the last one",
        b"https 2026-09-20T10:10:00.000000Z app/shop-front/50dc6c495c0c9188 203.0.113.9:46532 - 0.001 0.020 0.000 503 - 312 5120 "
        b'"POST https://shop.example.com:443/pay HTTP/2.0" "curl/8.7.1" - - - "Root=1-6784d5e6-128581cb1a25f58c" "-" "-" 2 '
        b'2026-09-20T10:00:00.000000Z "forward" "-" "LambdaThrottling" "-" "-" "-" "-" TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57 "-" "-" "-" '
        b'10.0.3.7 "new field" - 17 -',
        _TEN * _NS,  # 600 s and not more
        "error",
        None,
        {"error_reason": "LambdaThrottling", "alb_node_ip": "10.0.3.7", "trace_header": "Root=1-6784d5e6-128581cb1a25f58c", "odd": ()},
    ),
    OddLine(
        "fields of another type than theirs, each None and named",
        b"tcp 2026-09-20T10:00:00.000000Z  203.0.113.9 10.0.3.21:http 0,001 nan 1e3 200 OK 1_000 -5 "
        b'"PRI" "-" - "Root=1-68ce7ba1-0123456789abcdef01234567" "-" "-" first 2026-09-20T10:00:00.000000Z "forward" "-" "-" "cut off',
        _TEN * _NS,
        "info",
        "1-68ce7ba1-0123456789abcdef01234567",
        {
            "type": "tcp",
            "elb": "",
            "client_ip": None,
            "client_port": None,
            "target_ip": "10.0.3.21",
            "target_port": None,
            "request_processing_seconds": None,
            "target_processing_seconds": None,
            "response_processing_seconds": None,
            "target_status_code": None,
            "received_bytes": None,
            "sent_bytes": None,
            "request": "PRI",
            "method": None,
            "url": None,
            "ssl_cipher": None,
            "matched_rule_priority": None,
            "targets": (),
            "odd": (
                "client_ip",
                "client_port",
                "target_port",
                "request",
                "ssl_cipher",
                "ssl_protocol",
                "target_group_arn",
                "targets",
                "request_processing_seconds",
                "target_processing_seconds",
                "response_processing_seconds",
                "target_status_code",
                "received_bytes",
                "sent_bytes",
                "matched_rule_priority",
            ),
        },
    ),
)
