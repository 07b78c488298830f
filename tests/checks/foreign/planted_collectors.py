"""Planted mistakes in collector configs."""

from __future__ import annotations

from tests.checks.foreign.given import DETECTOR, OTLP, collector, collector_set, config_map
from tests.checks.foreign.planting import Planted

COLLECTOR = (
    Planted(
        "XF190",
        collector("→awsxray: {→proxy_server: {region: eu-west-1}}"),
        collector(),
        "is missing, which is localhost, expected 0.0.0.0:2000",
        case="left out",
    ),
    Planted(
        "XF190",
        collector('awsxray: {endpoint: →"localhost:2000", proxy_server: {endpoint: →127.0.0.1:2000}}'),
        collector("awsxray: {endpoint: '${env:MY_POD_IP}:2000', proxy_server: {endpoint: '[::]:2000'}}"),
        "expected 0.0.0.0:2000",
        case="localhost",
    ),
    Planted(
        "XF190",
        collector("otlp: {protocols: {→grpc: {}, http: {endpoint: →'localhost:4318'}}}"),
        collector(OTLP),
        "expected 0.0.0.0:431",
        case="otlp",
    ),
    Planted(
        "XF190",
        collector(OTLP, extensions="→awsproxy: {}"),
        collector(OTLP, extensions="awsproxy: {endpoint: '0.0.0.0:2000'}"),
        "awsproxy.endpoint is missing",
        case="awsproxy",
    ),
    Planted(
        "XF190",
        config_map(collector("awsxray: {endpoint: '0.0.0.0:2000', proxy_server: {endpoint: →'localhost:2000'}}")),
        config_map(collector()),
        "awsxray.proxy_server.endpoint is 'localhost:2000'",
        case="in a ConfigMap",
    ),
    Planted(
        "XF190",
        "mode: daemonset\nconfig:\n"
        + "".join(f"  {line}\n" for line in collector("→awsxray: {proxy_server: {endpoint: 0.0.0.0:2000}}").splitlines()),
        "mode: daemonset\nconfig: {receivers: {jaeger: null}}\n",
        "awsxray.endpoint is missing",
        case="in chart values",
    ),
    Planted(
        "XF191",
        config_map(collector(extensions="→health_check: {}")),
        config_map(collector()),
        "health_check.endpoint is missing",
        beside=(collector_set(),),
        case="left out",
    ),
    Planted(
        "XF191",
        config_map(collector(extensions="health_check: {endpoint: →'127.0.0.1:13133'}")),
        config_map(collector(), name="of-others"),
        "health_check.endpoint is '127.0.0.1:13133'",
        beside=(collector_set(),),
        case="localhost",
    ),
    Planted(
        "XF192",
        config_map(collector(processors="→k8sattributes: {} # names", exporters='→"otlphttp/xray": {}')),
        config_map(collector(processors="k8s_attributes: {} # names")),
        "is an old name, expected",
        mended=config_map(
            collector(processors="k8sattributes: {} # names", exporters='"otlphttp/xray": {}')
            .replace("k8sattributes", "k8s_attributes")
            .replace("otlphttp", "otlp_http")
        ),
        beside=(collector_set(),),
        case="with its image",
    ),
    Planted(
        "XF192",
        collector(processors="→resourcedetection/a: {}"),
        collector(processors="resource_detection/a: {}"),
        "'resourcedetection/a' is an old name, expected resource_detection",
        case="without an image",
    ),
    Planted(
        "XF193",
        collector(extensions="→awsproxy: {endpoint: '0.0.0.0:2000'}"),
        collector(extensions="awsproxy: {endpoint: '0.0.0.0:2001'}"),
        "awsproxy on port 2000",
    ),
    Planted(
        "XF194",
        collector(exporters="awsxray: {→sending_queue: {enabled: true}, →retry_on_failure: {}}"),
        collector(exporters="otlp_http: {sending_queue: {enabled: true}}"),
        "the exporter awsxray has",
        case="queue",
    ),
    Planted(
        "XF194",
        collector('awsxray: {endpoint: "0.0.0.0:2000", transport: →tcp, proxy_server: {endpoint: "0.0.0.0:2000"}}'),
        collector('awsxray: {endpoint: "0.0.0.0:2000", transport: udp, proxy_server: {endpoint: "0.0.0.0:2000"}}'),
        "transport is 'tcp', expected udp",
        case="transport",
    ),
    Planted(
        "XF194",
        collector(service='  telemetry: {metrics: {→address: "0.0.0.0:8888"}}\n'),
        collector(service="  telemetry: {metrics: {readers: []}}\n"),
        "service.telemetry.metrics.address",
        case="telemetry",
    ),
    Planted(
        "XF195",
        config_map(collector(processors=DETECTOR)),
        config_map(collector(processors="resource_detection: {detectors: [env]}")),
        "the detector eks without an API token",
        beside=(collector_set(pod="      automountServiceAccountToken: false\n"),),
        case="of the pod",
    ),
    Planted(
        "XF195",
        config_map(collector(processors=DETECTOR)),
        config_map(collector(processors=DETECTOR.replace("→", "")), name="of-others"),
        "the detector eks without an API token",
        beside=(
            collector_set(pod="      serviceAccountName: xray\n"),
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray}\nautomountServiceAccountToken: false\n",
        ),
        case="of the ServiceAccount",
    ),
)
