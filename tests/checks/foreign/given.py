"""Pieces of the files that the tests give: sound as they are, but for what is put into them."""

from __future__ import annotations


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


def image(reference: str) -> str:
    return daemon_set(f"          image: {reference}\n")


def config_map(text: str, name: str = "xray-config") -> str:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  config.yaml: |\n{lines}"


MOUNTS = "      volumes: [{name: config, configMap: {name: xray-config}}]\n"

COMMAND = IMAGE + '          command: ["/xray", "-c", "/aws/xray/config.yaml"]\n'

LIMITED = IMAGE + "          resources: {limits: {memory: 64Mi}}\n"

PROVIDER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def trust(condition: str) -> str:
    return f"""{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Effect": "Allow",
      "Principal": {{"Federated": "arn:aws:iam::111122223333:oidc-provider/{PROVIDER}"}},
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {condition}
    }}
  ]
}}
"""


AUDIENCE = f'"{PROVIDER}:aud": "sts.amazonaws.com"'

SUBJECT = f'"{PROVIDER}:sub": "system:serviceaccount:tracing:xray"'

SOUND_TRUST = trust(f'{{"StringEquals": {{{AUDIENCE}, {SUBJECT}}}}}')


def allow(actions: str, resource: str) -> str:
    return f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": {actions}, "Resource": {resource}}}]}}\n'


def pod_identity(action: str) -> str:
    return f"""{{
  "Statement": [
    {{
      "Effect": "Allow",
      "Principal": {{"Service": "pods.eks.amazonaws.com"}},
      "Action": {action}
    }}
  ]
}}
"""


def cluster(iam: str, region: str = "eu-west-1") -> str:
    return f"apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: shop, region: {region}}}\niam:\n{iam}"


def delivery(principal: str, resource: str = '"arn:aws:s3:::logs/AWSLogs/111122223333/*"', more: str = "") -> str:
    return f'{{"Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:PutObject", "Resource": {resource}{more}}}]}}\n'


SERVICE_PRINCIPAL = '{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}'

SOUND_DELIVERY = delivery(SERVICE_PRINCIPAL)

IN_IRELAND = ', "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/*"}}'


def ingress(attributes: str) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    alb.ingress.kubernetes.io/load-balancer-attributes: {attributes}
"""


EKSCTL_ACCOUNT = "  serviceAccounts:\n    - metadata: {name: xray, namespace: tracing}\n"


def collector(
    receivers: str = 'awsxray: {endpoint: "0.0.0.0:2000", proxy_server: {endpoint: "0.0.0.0:2000"}}',
    processors: str = "batch: {}",
    exporters: str = "awsxray: {region: eu-west-1}",
    extensions: str = 'health_check: {endpoint: "${env:MY_POD_IP}:13133"}',
    service: str = "",
) -> str:
    """A collector's config; the pipeline has the first of each kind."""
    first = {key: text.replace("→", "").partition(":")[0] for key, text in locals().items()}
    return f"""\
receivers:
  {receivers}
processors:
  {processors}
exporters:
  {exporters}
extensions:
  {extensions}
service:
  extensions: [{first["extensions"]}]
{service}  pipelines:
    traces: {{receivers: [{first["receivers"]}], processors: [{first["processors"]}], exporters: [{first["exporters"]}]}}
"""


def collector_set(probe: str = "{httpGet: {port: 13133}}", pod: str = "", version: str = "v0.49.0") -> str:
    return daemon_set(
        f"          image: public.ecr.aws/aws-observability/aws-otel-collector:{version}\n          readinessProbe: {probe}\n",
        pod=MOUNTS + pod,
    )


OTLP = "otlp: {protocols: {grpc: {endpoint: '0.0.0.0:4317'}, http: {endpoint: '0.0.0.0:4318'}}}"

DETECTOR = "resource_detection: {detectors: [env, →eks]}"
