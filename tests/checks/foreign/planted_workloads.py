"""Planted mistakes in manifests, ECS tasks, and what the daemon is told on its command line."""

from __future__ import annotations

from tests.checks.foreign.planting import Planted


def app(container: str, *, namespace: str = "shop", kind: str = "Deployment") -> str:
    return f"""\
apiVersion: apps/v1
kind: {kind}
metadata:
  name: orders
  namespace: {namespace}
spec:
  template:
    spec:
      containers:
        - {container}
"""


def address(value: str, *, image: str = "registry.example.net/orders:1") -> str:
    return app(f"{{name: orders, image: {image}, env: [{{name: AWS_XRAY_DAEMON_ADDRESS, value: {value}}}]}}")


def daemon_set(container: str, pod: str = "", labels: str = "app: xray") -> str:
    """A DaemonSet whose container has only a name and what is given; `pod` are lines of the pod's spec."""
    return f"""\
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: xray, namespace: tracing}}
spec:
  template:
    metadata: {{labels: {{{labels}}}}}
    spec:
{pod}      containers:
        - name: xray
{container}"""


IMAGE = "          image: public.ecr.aws/xray/aws-xray-daemon:3.6.6\n"


def service(spec: str, name: str = "xray", namespace: str = "tracing") -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
{spec}"""


BOTH_PORTS = """\
  ports:
    - {name: udp, port: 2000, protocol: UDP}
    - {name: tcp, port: 2000, protocol: TCP}
"""
AGENT_SERVICE = service(BOTH_PORTS)

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


def image(reference: str) -> str:
    return daemon_set(f"          image: {reference}\n")


PODS = (
    Planted("XF130", image("→amazon/aws-xray-daemon"), image("amazon/aws-xray-daemon:3.6.6"), "has no tag", case="no tag"),
    Planted(
        "XF130",
        image("→registry.example.net:5000/xray-daemon"),
        image("registry.example.net:5000/xray-daemon:3.6.6"),
        "'registry.example.net:5000/xray-daemon' has no tag",
        case="no tag behind a port",
    ),
    Planted(
        "XF130",
        image("→public.ecr.aws/xray/aws-xray-daemon:latest"),
        image(f"public.ecr.aws/xray/aws-xray-daemon@sha256:{'0' * 64}"),
        "'latest' moves",
        case="latest",
    ),
    Planted("XF130", image("→example.net/xray-daemon:2.1.3"), image("example.net/xray-daemon:1.0"), "the daemon is 2.1.3", case="2.x"),
    Planted("XF130", "xray: {}\nimage: {tag: →latest}\n", 'xray: {}\nimage: {tag: ""}\n', "'latest' moves", case="chart values"),
    Planted(
        "XF130",
        '{"containerDefinitions": [{"name": "xray-daemon", "image": →"amazon/aws-xray-daemon:1"}]}',
        '{"containerDefinitions": [{"name": "xray-daemon", "image": "amazon/aws-xray-daemon:3.6.6"}]}',
        "the daemon is 1",
        case="ECS task",
    ),
    Planted(
        "XF131",
        daemon_set("          image: →public.ecr.aws/xray/aws-xray-daemon:3.5.0\n", pod="      serviceAccountName: xray\n"),
        daemon_set("          image: public.ecr.aws/xray/aws-xray-daemon:3.6.0\n", pod="      serviceAccountName: xray\n"),
        "the daemon is 3.5.0, expected 3.6.0 or later",
        beside=('{"namespace": "tracing", "serviceAccount": "xray", "roleArn": "arn:aws:iam::111122223333:role/xray"}',),
        case="by an association",
    ),
    Planted(
        "XF131",
        "xray: {}\nimage: {tag: →3.3.11}\nserviceAccount: {name: xray}\n",
        "xray: {}\nimage: {tag: 3.3.11}\nserviceAccount: {name: other}\n",
        "the daemon is 3.3.11",
        beside=("apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\niam: {podIdentityAssociations: [{serviceAccountName: xray}]}\n",),
        case="chart values, by eksctl",
    ),
    Planted(
        "XF131",
        image("→public.ecr.aws/xray/aws-xray-daemon:3.5.0"),
        image("public.ecr.aws/xray/aws-xray-daemon:3.10.0"),
        "the daemon is 3.5.0",
        beside=('{"Statement": {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:*"}}',),
        case="by a trust policy",
    ),
    Planted(
        "XF132",
        daemon_set(IMAGE, pod="      hostNetwork: →true\n"),
        daemon_set(IMAGE, pod="      hostNetwork: false\n"),
        "hostNetwork is true",
    ),
    Planted(
        "XF133",
        daemon_set(IMAGE + "          ports: [{containerPort: 2000, hostPort: →2000}]\n"),
        daemon_set(IMAGE + "          ports: [{containerPort: 2000, hostPort: 0}]\n"),
        "hostPort is 2000",
    ),
    Planted(
        "XF135",
        daemon_set(
            IMAGE
            + "          livenessProbe:\n            →httpGet:\n              path: /\n              port: 2000\n"
            + "            periodSeconds: 9\n"
        ),
        daemon_set(IMAGE + "          livenessProbe: {tcpSocket: {port: 2000}}\n"),
        "livenessProbe is an httpGet, expected a tcpSocket",
        mended=daemon_set(IMAGE + "          livenessProbe:\n            tcpSocket: {port: 2000}\n            periodSeconds: 9\n"),
        case="block",
    ),
    Planted(
        "XF135",
        daemon_set(IMAGE + '          readinessProbe: {"→httpGet": {"port": "xray-tcp", "path": "/"}, periodSeconds: 9} # why\n').replace(
            '"→', '→"'
        ),
        app("{name: orders, image: orders, readinessProbe: {httpGet: {port: 2000}}}"),
        "readinessProbe is an httpGet",
        mended=daemon_set(IMAGE + '          readinessProbe: {"tcpSocket": {"port": "xray-tcp"}, periodSeconds: 9} # why\n'),
        case="flow",
    ),
    Planted(
        "XF136",
        daemon_set(IMAGE + "          livenessProbe: {→exec: {command: [pgrep, xray]}}\n"),
        daemon_set("          image: amazon/aws-xray-daemon:3.6.6\n          livenessProbe: {exec: {command: [pgrep, xray]}}\n"),
        "livenessProbe is an exec",
    ),
    Planted(
        "XF137",
        daemon_set(IMAGE, pod="      tolerations:\n        - →operator: Exists\n          effect: NoSchedule\n"),
        daemon_set(IMAGE, pod="      tolerations: [{operator: Exists, key: dedicated}]\n"),
        "no affinity against fargate",
        case="no affinity",
    ),
    Planted(
        "XF137",
        daemon_set(IMAGE, pod="      tolerations: [→{operator: Exists}]\n      nodeSelector: {kubernetes.io/os: linux}\n"),
        daemon_set(
            IMAGE,
            pod="      tolerations: [{operator: Exists}]\n      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
            "{nodeSelectorTerms: [{matchExpressions: [{key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}]}]}}}\n",
        ),
        "no affinity against fargate",
        case="another selector",
    ),
    Planted(
        "XF138",
        daemon_set(IMAGE, pod="      →hostIPC: false\n"),
        daemon_set(IMAGE, pod="      nodeSelector: {kubernetes.io/os: linux}\n"),
        "expected kubernetes.io/os: linux",
    ),
    Planted(
        "XF139",
        daemon_set(IMAGE + "          resources: →{requests: {memory: 64Mi}}\n"),
        daemon_set(IMAGE + "          resources: {requests: {memory: 64Mi}, limits: {memory: 96Mi}}\n"),
        "no limits.memory",
        case="no limit",
    ),
    Planted(
        "XF139",
        daemon_set(IMAGE).replace("- name: xray", "- →name: xray"),
        app("{name: orders, image: orders}"),
        "no requests.memory and no limits.memory",
        case="no resources",
    ),
    Planted(
        "XF140",
        daemon_set(IMAGE, pod="      securityContext: # the pod's\n        →runAsNonRoot: true # always\n"),
        daemon_set(IMAGE + "          securityContext: {runAsUser: 10001}\n", pod="      securityContext: {runAsNonRoot: true}\n"),
        "runAsUser is missing",
        mended=daemon_set(IMAGE, pod="      securityContext: # the pod's\n        runAsUser: 10001\n        runAsNonRoot: true # always\n"),
        case="of the pod",
    ),
    Planted(
        "XF140",
        daemon_set(IMAGE + "          securityContext: {→runAsNonRoot: true}\n"),
        daemon_set(IMAGE + "          securityContext: {runAsNonRoot: false}\n"),
        "runAsUser is missing",
        mended=daemon_set(IMAGE + "          securityContext: {runAsUser: 10001, runAsNonRoot: true}\n"),
        case="of the container",
    ),
)


def config_map(text: str, name: str = "xray-config") -> str:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  config.yaml: |\n{lines}"


MOUNTS = "      volumes: [{name: config, configMap: {name: xray-config}}]\n"
COMMAND = IMAGE + '          command: ["/xray", "-c", "/aws/xray/config.yaml"]\n'
LIMITED = IMAGE + "          resources: {limits: {memory: 64Mi}}\n"

SETTINGS = (
    Planted(
        "XF134",
        daemon_set(LIMITED).replace("- name: xray", "- →name: xray"),
        daemon_set(LIMITED + "          args: [-m, '24']\n"),
        "a memory limit without -m",
        case="no flag",
    ),
    Planted(
        "XF134",
        daemon_set(LIMITED + '          args: ["--buffer-memory", →"2"]\n'),
        daemon_set(LIMITED + '          args: ["--buffer-memory", "3"]\n'),
        "the buffer is 2 MB, expected 3 or more",
        case="too small",
    ),
    Planted(
        "XF134",
        daemon_set(LIMITED + "          args: [→-m=60]\n"),
        daemon_set(LIMITED + "          args: [-m=50]\n"),
        "a buffer of 60 MB beside the daemon's own 16 MiB, expected both within the limit of 64 MiB",
        case="no room",
    ),
    Planted(
        "XF134",
        config_map("Version: 2\nTotalBufferSizeMB: →0"),
        config_map("Version: 2\nTotalBufferSizeMB: 24"),
        "the buffer is 0 MB",
        beside=(daemon_set(COMMAND + "          resources: {limits: {memory: 64Mi}}\n", pod=MOUNTS),),
        case="config map",
    ),
    Planted(
        "XF134",
        config_map("→Version: 2\nNoVerifySSL: false"),
        config_map("Version: 2\nNoVerifySSL: false"),
        "TotalBufferSizeMB is missing",
        beside=(daemon_set(COMMAND, pod=MOUNTS),),
        case="config map without the key",
    )._replace(good=config_map("Version: 2\nNoVerifySSL: false\nTotalBufferSizeMB: 24")),
    Planted(
        "XF134",
        '{"containerDefinitions": [→{"name": "xray-daemon", "image": "amazon/aws-xray-daemon:3.6.6", "memory": 256}]}',
        '{"containerDefinitions": [{"name": "xray-daemon", "image": "amazon/aws-xray-daemon:3.6.6", "memory": 256, '
        '"command": ["-m", "24"]}]}',
        "a memory limit without -m",
        case="ECS task",
    ),
    Planted(
        "XF141",
        daemon_set(IMAGE + "          command: [→/xray, -o]\n"),
        daemon_set(IMAGE + "          command: [/xray, -o, -b, 0.0.0.0:2000, -t, 0.0.0.0:2000]\n"),
        "the command has no -b and no -t",
        case="command",
    ),
    Planted(
        "XF141",
        daemon_set(IMAGE + "          args: [-b, →127.0.0.1:2000]\n"),
        daemon_set(IMAGE + "          args: [-b, 0.0.0.0:2000]\n"),
        "the daemon binds '127.0.0.1:2000'",
        case="arguments",
    ),
    Planted(
        "XF141",
        config_map("Version: 2\nSocket:\n  UDPAddress: →127.0.0.1:2000\n  TCPAddress: 0.0.0.0:2000"),
        config_map("Version: 2\nSocket:\n  UDPAddress: 0.0.0.0:2000\n  TCPAddress: 0.0.0.0:2000"),
        "Socket.UDPAddress is '127.0.0.1:2000'",
        beside=(daemon_set(COMMAND, pod=MOUNTS),),
        case="config map",
    ),
    Planted(
        "XF142",
        daemon_set(IMAGE).replace("- name: xray", "- →name: xray"),
        daemon_set(IMAGE + "          env: [{name: AWS_REGION, value: eu-west-1}]\n"),
        "neither -n nor AWS_REGION",
        case="metadata out of reach",
    ),
    Planted(
        "XF142",
        daemon_set(IMAGE + "          args: [→-o]\n", pod="      hostNetwork: true\n"),
        daemon_set(IMAGE, pod="      hostNetwork: true\n"),
        "neither -n nor AWS_REGION",
        case="local mode",
    )._replace(good=daemon_set(IMAGE + "          args: [-o, -n, eu-west-1]\n")),
    Planted(
        "XF142",
        daemon_set(COMMAND, pod=MOUNTS).replace("- name: xray", "- →name: xray"),
        daemon_set(COMMAND),
        "neither -n nor AWS_REGION",
        beside=(config_map("Version: 2\nTotalBufferSizeMB: 24"),),
        case="config map",
    ),
    Planted(
        "XF144",
        daemon_set(IMAGE + '          args: ["-l", →"INFO"]\n'),
        daemon_set(IMAGE + '          args: ["-l", "info"]\n'),
        "the log level is 'INFO'",
        mended=daemon_set(IMAGE + '          args: ["-l", "info"]\n'),
        case="arguments",
    ),
    Planted(
        "XF144", "xray:\n  loglevel: →pro\n", "xray:\n  loglevel: prod\n", "'pro'", mended="xray:\n  loglevel: prod\n", case="chart values"
    ),
    Planted(
        "XF144",
        config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: →'warning' # quiet"),
        config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: warn"),
        "'warning'",
        mended=config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: 'warn' # quiet"),
        case="config map",
    ),
    Planted("XF144", "xray: {loglevel: →loud}\n", "xray: {loglevel: error}\n", "'loud'", case="nothing near"),
    Planted(
        "XF150",
        config_map("→TotalBufferSizeMB: 24 # MB\nSocket: {UDPAddress: 0.0.0.0:2000}"),
        config_map("Version: 1\nTotalBufferSizeMB: 24"),
        "Version is missing",
        mended=config_map("Version: 2\nTotalBufferSizeMB: 24 # MB\nSocket: {UDPAddress: 0.0.0.0:2000}"),
        case="missing",
    ),
    Planted("XF150", "Version: →3\nTotalBufferSizeMB: 24\n", "Version: 2\nTotalBufferSizeMB: 24\n", "Version is '3'", case="unknown"),
    Planted(
        "XF151",
        "Version: 2\nTotalBufferSizeMB: 24\n→region: eu-west-1\n",
        "Version: 2\nTotalBufferSizeMB: 24\nRegion: eu-west-1\n",
        "the key 'region' is unknown, expected Region",
        mended="Version: 2\nTotalBufferSizeMB: 24\nRegion: eu-west-1\n",
        case="in another case",
    ),
    Planted(
        "XF151",
        "Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  →Level: info\n",
        "Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: info\n",
        "the key 'Logging.Level' is unknown, expected LogLevel",
        case="in a section",
    ),
)

PLANTED_WORKLOADS = (*ADDRESSES, *SERVICES, *PODS, *SETTINGS)
