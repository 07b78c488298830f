"""Planted mistakes in what applications and Services say about the agent's address and port."""

from __future__ import annotations

from tests.checks.foreign.given import AGENT_SERVICE, BOTH_PORTS, IMAGE, address, app, daemon_set, service
from tests.checks.foreign.planting import Planted

ADDRESSES = (
    Planted(
        "XF110",
        address("→xray.tracing"),
        address("xray.tracing:2000"),
        "'xray.tracing', expected host:port",
        mended=address("xray.tracing:2000"),
        case="without a port",
    ),
    Planted("XF110", address("→http://xray.tracing:2000"), address("10.0.0.7:2000"), "expected host:port", case="with a scheme"),
    Planted("XF110", address("→xray.tracing:99999"), address("xray.tracing:65535"), "expected host:port", case="port too high"),
    Planted(
        "XF110",
        address('→"tcp:xray:2000"'),
        address('"tcp:xray:2000 udp:xray:2000"'),
        "expected host:port",
        case="one protocol of two",
    ),
    Planted(
        "XF110",
        """{"family": "orders", "containerDefinitions": [{"name": "orders", "image": "orders:1",
  "environment": [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": →"xray-daemon"}]}]}
""",
        """{"family": "orders", "containerDefinitions": [{"name": "orders", "image": "orders:1",
  "environment": [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "xray-daemon:2000"}]}]}
""",
        "'xray-daemon', expected host:port",
        mended="""{"family": "orders", "containerDefinitions": [{"name": "orders", "image": "orders:1",
  "environment": [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "xray-daemon:2000"}]}]}
""",
        case="in an ECS task",
    ),
    Planted(
        "XF110",
        """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: nightly
              env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: →xray.tracing}]
""",
        address("$(HOST_IP):2000"),
        "expected host:port",
        mended="""\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: nightly
              env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: xray.tracing:2000}]
""",
        case="in a CronJob",
    ),
    Planted(
        "XF111",
        address("→xray.amazon:2000"),
        address("xray.tracing.svc.cluster.local:2000"),
        "names the Service xray in the namespace amazon, which is not in the files, expected xray.tracing:2000",
        beside=(AGENT_SERVICE,),
        case="another namespace",
    ),
    Planted(
        "XF111",
        address("→xray:2000"),
        address("xray:2000").replace("namespace: shop", "namespace: tracing"),
        "in the namespace shop",
        beside=(AGENT_SERVICE,),
        case="the application's own namespace",
    ),
    Planted(
        "XF111",
        address("→xray-service.tracing:2000"),
        address("xray.eu-west-1.internal.example.net:2000"),
        "names the Service xray-service, which is not in the files",
        beside=(AGENT_SERVICE,),
        case="another name",
    ),
    Planted(
        "XF111",
        address("→xray.tracing:2001"),
        address("xray.tracing:2000"),
        "names port 2001, expected a port of the Service: 2000",
        beside=(AGENT_SERVICE,),
        case="another port",
    ),
    Planted(
        "XF112",
        address("→xray-udp.tracing:2000", image='"node:22-slim"'),
        address('"udp:xray-udp.tracing:2000 tcp:xray-udp.tracing:2000"', image='"node:22-slim"'),
        "holds 'udp'",
        case="by the image",
    ),
    Planted(
        "XF112",
        app("{name: web, command: [/usr/local/bin/node, a.js], env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: →tcp-xray.a:2000}]}"),
        app("{name: web, command: [python, a.py], env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: tcp-xray.a:2000}]}"),
        "holds 'tcp'",
        case="by the command",
    ),
    Planted(
        "XF113",
        app(
            "{name: a, env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: →$(HOST_IP):2000}, "
            "{name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]}"
        ),
        app(
            "{name: a, env: [{name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}, "
            "{name: AWS_XRAY_DAEMON_ADDRESS, value: $(HOST_IP):2000}]}"
        ),
        "$(HOST_IP) is not set above",
    ),
)

SERVICES = (
    Planted("XF120", service("  clusterIP: →None\n" + BOTH_PORTS), service("  clusterIP: 10.100.0.9\n" + BOTH_PORTS), "clusterIP is None"),
    Planted(
        "XF121",
        service("  ports:\n    - →port: 2000\n      protocol: UDP\n"),
        AGENT_SERVICE,
        "open for UDP only, expected UDP and TCP",
        case="Service",
    ),
    Planted(
        "XF121",
        service("  ports:\n    - →port: 2000\n", name="x-ray-daemon"),
        service("  ports:\n    - port: 2000\n", name="cart"),
        "open for TCP only",
        case="Service without a protocol",
    ),
    Planted(
        "XF121",
        daemon_set(IMAGE + "          ports:\n            - →{containerPort: 2000, protocol: UDP}\n"),
        daemon_set(IMAGE),
        "open for UDP only",
        case="DaemonSet",
    ),
    Planted(
        "XF121",
        """{"containerDefinitions": [{"name": "xray-daemon", "image": "public.ecr.aws/xray/aws-xray-daemon:3.6.6",
 "portMappings": [→{"containerPort": 2000, "protocol": "udp"}]}]}
""",
        """{"containerDefinitions": [{"name": "xray-daemon", "image": "public.ecr.aws/xray/aws-xray-daemon:3.6.6",
 "portMappings": [{"containerPort": 2000, "protocol": "udp"}, {"containerPort": 2000, "protocol": "tcp"}]}]}
""",
        "open for UDP only",
        case="ECS task",
    ),
    Planted(
        "XF122",
        service("  selector: →{app: xray-daemon}\n" + BOTH_PORTS),
        service("  selector: {app: xray}\n" + BOTH_PORTS),
        "'app=xray-daemon', expected labels of the pods of 'xray'",
        beside=(daemon_set(IMAGE),),
        case="another label",
    ),
    Planted(
        "XF122",
        service("  →type: ClusterIP\n" + BOTH_PORTS),
        service("  type: ClusterIP\n" + BOTH_PORTS, namespace="other"),
        "the selector is 'nothing'",
        beside=(daemon_set(IMAGE),),
        case="no selector",
    ),
    Planted(
        "XF123",
        """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: xray
  annotations:
    eks.amazonaws.com/role-arn: →arn:aws:iam::111122223333:instance-profile/nodes
""",
        """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: xray
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/xray
""",
        "expected the ARN of a role",
        case="manifest",
    ),
    Planted(
        "XF123",
        "xray: {region: eu-west-1}\nserviceAccount: {annotations: {eks.amazonaws.com/role-arn: →xray-role}}\n",
        'xray: {region: eu-west-1}\nserviceAccount: {annotations: {eks.amazonaws.com/role-arn: "${ROLE_ARN}"}}\n',
        "'xray-role'",
        case="chart values",
    ),
)
