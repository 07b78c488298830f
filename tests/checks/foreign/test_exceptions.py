"""What rules let pass for a reason, and mistakes that are found but not mended because the mend would be a guess."""

from __future__ import annotations

import pytest

from tests.checks.foreign.given import (
    AGENT_SERVICE,
    BOTH_PORTS,
    COMMAND,
    IMAGE,
    LIMITED,
    MOUNTS,
    SOUND_DELIVERY,
    address,
    app,
    cluster,
    collector,
    collector_set,
    config_map,
    daemon_set,
    delivery,
    image,
    pod_identity,
    service,
)
from tests.checks.foreign.planting import findings_in, places_of, unmarked
from xray_grafana.checks.foreign import Fix, ForeignFinding, SourceFile, Span, mend

OTEL_OBJECT = "apiVersion: opentelemetry.io/v1beta1\nkind: OpenTelemetryCollector\nmetadata: {name: otel}\nspec:\n  config:"
ADOT_BEFORE = collector_set(version="v0.48.0")


@pytest.mark.parametrize(
    ("rule", "text", "beside"),
    [
        ("XF111", address("xray.svc.cluster.local:2000"), (AGENT_SERVICE,)),
        ("XF111", address("localhost:2000"), (AGENT_SERVICE,)),
        ("XF111", address("$(HOST_IP):2000"), (AGENT_SERVICE,)),
        ("XF111", address("xray.elsewhere:2000"), ()),
        ("XF113", app("{name: a, envFrom: [{configMapRef: {name: a}}], env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: $(A):2000}]}"), ()),
        ("XF122", service("  type: ExternalName\n  externalName: a\n" + BOTH_PORTS), (daemon_set(IMAGE),)),
        ("XF140", daemon_set(LIMITED + "          args: [-m, $(BUFFER)]\n"), ()),
        ("XF140", config_map("Version: 2\nTotalBufferSizeMB: 0"), (daemon_set(COMMAND + "          args: [-m, '24']\n", pod=MOUNTS),)),
        ("XF141", daemon_set(IMAGE + "          command: [/xray, -b, 127.0.0.1:2000]\n").replace("DaemonSet", "Deployment"), ()),
        (
            "XF141",
            config_map("Version: 2\nSocket: {UDPAddress: 127.0.0.1:2000, TCPAddress: 0.0.0.0:2000}"),
            (daemon_set(IMAGE + '          command: ["/xray", "-c", "a", "-b", "0.0.0.0:2000"]\n', pod=MOUNTS),),
        ),
        ("XF142", daemon_set(IMAGE + "          envFrom: [{configMapRef: {name: a}}]\n"), ()),
        ("XF130", image("public.ecr.aws/xray/aws-xray-daemon:3.x"), ()),
        ("XF170", delivery('{"Service": "cloudtrail.amazonaws.com"}'), ()),
        ("XF170", delivery('{"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]}'), (SOUND_DELIVERY,)),
        ("XF170", delivery('{"Service": "delivery.logs.amazonaws.com"}'), (delivery('{"AWS": "156460612806"}'),)),
        ("XF180", cluster("  podIdentityAssociations: [{serviceAccountName: xray, namespace: a}]\n"), ()),
        ("XF190", config_map(collector("awsxray: {}")), (collector_set().replace("DaemonSet", "Deployment") + "        - name: cart\n",)),
        ("XF190", collector("jaeger: null\n  awsxray: {}"), ()),
        ("XF192", config_map(collector(processors="k8sattributes: {}")), (ADOT_BEFORE,)),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("XF") else "",
)
def test_let_pass(rule: str, text: str, beside: tuple[str, ...]) -> None:
    """A name outside the cluster, a value that is filled in elsewhere, a setting that the command line overrides, a sidecar."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: a}\n"
    assert places_of(rule, findings_in(text, (*beside, account))) == []


@pytest.mark.parametrize(
    ("rule", "marked", "beside"),
    [
        ("XF110", address('→"udp:xray:2000 xray:2000"'), ()),
        ("XF130", "image: {repository: public.ecr.aws/xray/aws-xray-daemon, tag: →latest}\n", ()),
        (
            "XF135",
            daemon_set(IMAGE + "          livenessProbe:\n            →httpGet:\n              port: 2000 # ours\n              path: /\n"),
            (),
        ),
        ("XF135", daemon_set(IMAGE + "          livenessProbe: {→httpGet: {path: /}}\n"), ()),
        (
            "XF135",
            f"x: &probe {{httpGet: {{port: 2000}}}}\n{daemon_set(IMAGE)}".replace("httpGet", "→httpGet")
            + "          livenessProbe: *probe\n",
            (),
        ),
        (
            "XF134",
            daemon_set("          image: example.net/xray-daemon:3.6.6\n          securityContext: {→runAsNonRoot: true}\n"),
            (),
        ),
        ("XF134", daemon_set(IMAGE + "          securityContext: {→&key runAsNonRoot: true}\n"), ()),
        ("XF160", 'a: →"arn:aws:iam::aws:policy\\u002FAWSXrayDaemonWriteAccess"\n', ()),
        ("XF166", pod_identity('[→&action "sts:AssumeRole"]'), ()),
        (
            "XF180",
            cluster("  podIdentityAssociations: [{serviceAccountName: →xray, namespace: a, createServiceAccount: true}]\n"),
            ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: a}\n",),
        ),
        (
            "XF190",
            f"{OTEL_OBJECT}\n" + "".join(f"    {line}\n" for line in collector("→awsxray: {proxy_server: {endpoint: a:1}}").splitlines()),
            (),
        ),
        (
            "XF190",
            f"{OTEL_OBJECT} |\n" + "".join(f"    {line}\n" for line in collector("→awsxray: {proxy_server: {endpoint: a:1}}").splitlines()),
            (),
        ),
        ("XF192", config_map(collector(processors="→otlphttp: {}\n  otlp_http: {}")), (collector_set(),)),
        ("XF100", "a: →{{ b }}: c\n", ()),
        ("XF100", "→{{ b\n", ()),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("XF") else "",
)
def test_found_but_not_mended(rule: str, marked: str, beside: tuple[str, ...]) -> None:
    """An unknown port or user, a comment that would be lost, a key that is there already, a text that an alias shares or escapes hide."""
    text, places = unmarked(marked)
    own = [finding for finding in findings_in(text, beside) if finding.rule == rule]
    assert [(finding.line, finding.column) for finding in own] == places
    assert not any(finding.fixes for finding in own)


def fixed(*fixes: Fix) -> ForeignFinding:
    return ForeignFinding("given", 1, 1, "XF999", "error", "message", "reason", "remedy", fixes)


def test_of_two_mends_in_one_place_the_first_is_made() -> None:
    file = SourceFile("given", b"abcdef")
    for first, second in (
        (Fix(Span(1, 3), "X"), Fix(Span(2, 4), "Y")),
        (Fix(Span(1, 3), "X"), Fix(Span(1, 3), "Y")),
        (Fix(Span(1, 3), "X"), Fix(Span(2, 2), "Y")),
    ):
        assert mend(file, [fixed(first), fixed(second)]).content == b"aXdef"
    assert mend(file, [fixed(Fix(Span(1, 1), "X")), fixed(Fix(Span(1, 1), "Y"))]).content == b"aXbcdef"


def test_mends_side_by_side_are_all_made_wherever_they_stand() -> None:
    file = SourceFile("given", "äbcdef".encode())
    fixes = (Fix(Span(4, 6), ""), Fix(Span(0, 1), "ÄÄ"), Fix(Span(1, 2), "B"))
    assert mend(file, [fixed(*fixes)]).content.decode() == "ÄÄBcd"


def test_findings_of_other_files_mend_nothing() -> None:
    file = SourceFile("other", b"abc")
    assert mend(file, [fixed(Fix(Span(0, 1), "X"))]) is file


def test_a_flow_of_values_too_deep_through_aliases_is_refused() -> None:
    levels = "".join(f"a{level}: &a{level} {'[' * 60}{f'*a{level - 1}'}{']' * 60}\n" for level in range(1, 3))
    (found,) = findings_in(f"a0: &a0 1\n{levels}")
    assert (found.rule, found.line, found.message) == ("XF100", 3, "more than 100 levels of nesting, expected fewer")


def test_a_list_as_a_key_is_passed_over() -> None:
    assert [finding.rule for finding in findings_in("? [a, b]\n: c\nxray: {region: eu-west-1, loglevel: loud}\n")] == ["XF144"]


@pytest.mark.parametrize(
    "text",
    [
        app("{name: proxy, image: example.net/xray, command: [/usr/bin/xray, run, -c, /etc/xray.json]}", kind="DaemonSet"),
        app("{name: scanner, image: example.net/artifacts/xray}", kind="DaemonSet"),
        "xray: {enabled: true, replicaCount: 2, database: {type: postgresql}}\n",
        '{"Logging": {"LogLevel": {"Default": "Loud"}}, "AllowedHosts": "*"}\n',
        "Version: 1\nLogging: {LogLevel: Loud}\n",
        "route: {receiver: a}\nreceivers: [{name: a}]\n",
    ],
    ids=["proxy", "scanner", "values of a scanner", ".NET settings", "settings of another program", "Alertmanager"],
)
def test_what_only_looks_like_the_daemon_or_its_config_is_left_alone(text: str) -> None:
    assert {finding.rule for finding in findings_in(text)} <= {"XF101"}


@pytest.mark.parametrize(
    "container",
    [
        "{name: a, image: public.ecr.aws/xray/aws-xray-daemon:latest}",
        "{name: a, image: example.net/x-ray-daemon:latest}",
        "{name: a, image: example.net/xray-agent:latest}",
        "{name: a, image: example.net/amazonlinux:latest, command: [/usr/bin/xray, -o]}",
        '{name: a, image: example.net/mirror:latest, command: [/bin/sh, -c, "exec /xray -o"]}',
    ],
)
def test_the_daemon_is_known_by_its_image_or_its_program(container: str) -> None:
    assert places_of("XF130", findings_in(app(container))) == [(10, 28)]
