"""Planted mistakes in policies, chart values, eksctl configs, Ingresses and collector configs, and in files of any kind."""

from __future__ import annotations

from tests.checks.foreign.planted_workloads import AGENT_SERVICE, MOUNTS, config_map, daemon_set
from tests.checks.foreign.planting import Planted

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


ANY_FILE = (
    Planted("XF100", "a: →[1, 2\nb: 3\n", "a: [1, 2]\nb: 3\n", "a bracket that is never closed", case="syntax"),
    Planted("XF100", "a: →*b\n", "a: &b 1\nc: *b\n", "an alias (*) without its anchor", case="alias"),
    Planted(
        "XF100",
        "replicas: →{{ .Values.replicas }}\n",
        'alert: "{{ $labels.service }} is slow"\n',
        "a Helm template",
        case="template",
    ),
    Planted("XF100", "a: →{{ value }}\n", "a: {value: 1}\n", "a Helm template", case="template of another kind"),
    Planted("XF100", "a: b\nc: 1→\x07\n", 'a: b\nc: "1\\a"\n', "an unprintable character U+0007", case="control character"),
    Planted(
        "XF100",
        config_map("receivers: →[1\nexporters: x\npipelines: y"),
        config_map("receivers: [1]\nexporters: x\npipelines: y"),
        "never closed",
        case="inside a ConfigMap",
    ),
    Planted("XF101", "→cart: 1\n", "xray: {region: eu-west-1}\n", "nothing that is known here", case="unknown"),
    Planted("XF101", "→# nothing\n", AGENT_SERVICE, "the file is empty", case="empty"),
    Planted("XF101", "→resources: [a.yaml]\nnamespace: x\n", AGENT_SERVICE, "a kustomization", case="kustomization"),
    Planted(
        "XF101",
        '→{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}',
        AGENT_SERVICE,
        "a CloudFormation template",
        case="CloudFormation",
    ),
    Planted(
        "XF102",
        "xray:\n  region: eu-west-1\n  →region: eu-west-2\n",
        "xray:\n  region: eu-west-1\nregion: eu-west-2\n",
        "the key 'region' stands a second time",
    ),
    Planted(
        "XF103",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: AWS_SECRET_ACCESS_KEY, value: →abc}]}]}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: AWS_SECRET_ACCESS_KEY, valueFrom: {secretKeyRef: {}}}]}]}\n",
        "AWS_SECRET_ACCESS_KEY has a literal value",
        case="variable",
    ),
    Planted(
        "XF103",
        "datasources:\n  - secureJsonData: {secretKey: x, note: 'key →AKIAABCDEFGHIJKLMNOP'}\n",
        "datasources:\n  - secureJsonData: {secretKey: x, note: 'key AKIAABCDEFG'}\n",
        "an AWS access key id",
        case="key id in a text",
    ),
    Planted(
        "XF103",
        "apiVersion: v1\nkind: Secret\nstringData:\n  credentials: |\n    [default]\n    aws_access_key_id = →ASIAABCDEFGHIJKLMNOP\n",
        "apiVersion: v1\nkind: Secret\nstringData:\n  aws_secret_access_key: ${SECRET}\n",
        "an AWS access key id",
        case="credentials file",
    ),
    Planted(
        "XF103",
        "apiVersion: v1\nkind: Secret\ndata: {aws-secret: eA==, aws_secret_access_key: →eA==}\n",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {aws_secret_access_key: AgBx}}\n",
        "aws_secret_access_key has a literal value",
        case="Secret",
    ),
)

CHART = (
    Planted(
        "XF152",
        "serviceAccount:\n  annotations:\n    note: x\n    →name: xray\nxray: {region: eu-west-1}\n",
        "serviceAccount:\n  name: xray\n  annotations: {note: x}\nxray: {region: eu-west-1}\n",
        "makes an annotation, expected serviceAccount.name",
        case="name among the annotations",
    ),
    Planted(
        "XF152",
        "xray:\n  →logLevel: prod # quiet\n",
        "xray:\n  loglevel: prod # quiet\n",
        "the value 'xray.logLevel' is unknown, expected xray.loglevel",
        mended="xray:\n  loglevel: prod # quiet\n",
        case="in another case",
    ),
    Planted(
        "XF152",
        "xray: {region: eu-west-1}\n→regoin: eu-west-1\n→hostNetwork: false\nresources: {limits: {}}\n",
        "xray: {region: eu-west-1}\nglobal: {a: 1}\nresources: {limits: {}}\n",
        "is unknown, expected",
        case="at the top",
    ),
    Planted(
        "XF152",
        "aws-xray:\n  xray: {→regio: eu-west-1}\n",
        "aws-xray:\n  enabled: true\n  xray: {region: eu-west-1}\n",
        "the value 'xray.regio' is unknown, expected xray.region",
        case="of a parent chart",
    ),
)

IDENTITY = (
    Planted(
        "XF160",
        cluster("  serviceAccounts:\n    - attachPolicyARNs: [→arn:aws:iam::aws:policy/AWSXrayDaemonWriteAccess]\n"),
        cluster("  serviceAccounts:\n    - attachPolicyARNs: [arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess]\n"),
        "the policy is AWSXrayDaemonWriteAccess, expected AWSXRayDaemonWriteAccess",
        mended=cluster("  serviceAccounts:\n    - attachPolicyARNs: [arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess]\n"),
        case="daemon",
    ),
    Planted(
        "XF160",
        'policies:\n  - →"AWSXRayWriteOnlyAccess"\n',
        'policies:\n  - "AWSXrayWriteOnlyAccess"\n  - about awsxrayfullaccess\n  - AWSXRayOwn\n',
        "expected AWSXrayWriteOnlyAccess",
        mended='policies:\n  - "AWSXrayWriteOnlyAccess"\n',
        case="by its name",
    ),
    Planted(
        "XF161",
        allow('"sqs:ReceiveMessage"', '→"arn:aws:sqs:cn-north-1:111122223333:logs"'),
        allow('"sqs:ReceiveMessage"', '"arn:aws-cn:sqs:cn-north-1:111122223333:logs"'),
        "the partition is aws in cn-north-1, expected aws-cn",
        mended=allow('"sqs:ReceiveMessage"', '"arn:aws-cn:sqs:cn-north-1:111122223333:logs"'),
        case="by its region",
    ),
    Planted(
        "XF161",
        cluster("  serviceAccounts: [{attachPolicyARNs: [→arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess]}]\n", "us-gov-west-1"),
        cluster("  serviceAccounts: [{attachPolicyARNs: [arn:aws-us-gov:iam::aws:policy/AWSXRayDaemonWriteAccess]}]\n", "us-gov-west-1"),
        "the partition is aws, expected aws-us-gov",
        case="by the cluster",
    ),
    Planted(
        "XF162",
        allow('["xray:PutTraceSegments", "xray:PutTelemetryRecords"]', '→"arn:aws:iam::111122223333:instance-profile/nodes"'),
        allow('["xray:GetGroup"]', '"arn:aws:xray:eu-west-1:111122223333:group/a/B"'),
        "expected '*'",
        mended=allow('["xray:PutTraceSegments", "xray:PutTelemetryRecords"]', '"*"'),
        case="instance profile",
    ),
    Planted(
        "XF162",
        allow('["xray:PutTraceSegments", "s3:GetObject"]', '[→"arn:aws:s3:::a/*"]'),
        allow('["xray:PutTraceSegments", "s3:GetObject"]', '["arn:aws:s3:::a/*", "*"]'),
        "expected '*'",
        case="among others",
    ),
    Planted(
        "XF163",
        trust(f'→{{"StringEquals": {{{AUDIENCE}}}}}'),
        SOUND_TRUST,
        "the condition has no :sub",
        case="audience alone",
    ),
    Planted(
        "XF164",
        trust(f'{{"StringLike": {{{AUDIENCE}, "{PROVIDER}:sub": →"system:serviceaccount:*:xray"}}}}'),
        SOUND_TRUST,
        "lets many take the role",
        case="StringLike",
    ),
    Planted(
        "XF164",
        trust(f'{{"StringEquals": {{{AUDIENCE}, "{PROVIDER}:sub": [→"system:serviceaccount:tracing:*"]}}}}'),
        trust(f'{{"StringLike": {{{AUDIENCE}, {SUBJECT}}}}}'),
        "fits nobody",
        case="StringEquals",
    ),
    Planted("XF165", trust(f'→{{"StringEquals": {{{SUBJECT}}}}}'), SOUND_TRUST, "the condition has no :aud", case="missing"),
    Planted(
        "XF165",
        trust(f'{{"StringEquals": {{"{PROVIDER}:aud": →"eks.amazonaws.com", {SUBJECT}}}}}'),
        SOUND_TRUST,
        "the audience is 'eks.amazonaws.com'",
        case="another",
    ),
    Planted(
        "XF166",
        pod_identity('→"sts:AssumeRole"'),
        pod_identity('["sts:AssumeRole", "sts:TagSession"]'),
        "sts:TagSession is missing",
        mended=pod_identity('["sts:AssumeRole", "sts:TagSession"]'),
        case="text",
    ),
    Planted(
        "XF166",
        pod_identity('[\n        →"sts:AssumeRole"\n      ]'),
        pod_identity('["sts:*", "sts:AssumeRole"]'),
        "sts:TagSession is missing",
        mended=pod_identity('[\n        "sts:TagSession",\n        "sts:AssumeRole"\n      ]'),
        case="list",
    ),
    Planted(
        "XF166",
        "Statement:\n  - Effect: Allow\n    Principal: {Service: pods.eks.amazonaws.com}\n    Action:\n      - →sts:AssumeRole # why\n",
        "Statement:\n  - Effect: Allow\n    Principal: {Service: ec2.amazonaws.com}\n    Action:\n      - sts:AssumeRole\n",
        "sts:TagSession is missing",
        mended="Statement:\n  - Effect: Allow\n    Principal: {Service: pods.eks.amazonaws.com}\n    Action:\n"
        "      - sts:TagSession\n      - sts:AssumeRole # why\n",
        case="YAML list with a comment",
    ),
    Planted(
        "XF167",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {annotations: {eks.amazonaws.com/role-arn: →arn:aws:iam::1234567890:role/x}}\n",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {annotations: {eks.amazonaws.com/role-arn: arn:aws:iam::012345678901:role/x}}\n",
        "the account id is '1234567890' (10 digits)",
        case="too short",
    ),
    Planted(
        "XF167",
        "image: →1234567890123.dkr.ecr.eu-west-1.amazonaws.com/a:1\n",
        "image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1\n",
        "(13 digits)",
        case="registry",
    ),
    Planted(
        "XF167",
        allow('"sqs:SendMessage"', '→"arn:aws:sqs:eu-west-1:ACCOUNT_ID:logs"'),
        allow('["sqs:SendMessage", "arn:aws:iam::aws:policy/A"]', '["arn:aws:s3:::bucket", "arn:aws:sqs:*:*:${Name}"]'),
        "the account id is 'ACCOUNT_ID'",
        case="not filled in",
    ),
)


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


ALB = (
    Planted(
        "XF170",
        delivery('{"Service": →"delivery.logs.amazonaws.com"}'),
        SOUND_DELIVERY,
        "expected logdelivery.elasticloadbalancing.amazonaws.com",
        case="service of Network Load Balancers",
    ),
    Planted(
        "XF170",
        delivery('{"AWS": →"arn:aws:iam::111122223333:root"}'),
        delivery('{"AWS": "arn:aws:iam::156460612806:root"}'),
        "111122223333 is no account of load balancers",
        case="own account",
    ),
    Planted(
        "XF170",
        delivery('{"AWS": →"127311923021"}', more=IN_IRELAND),
        delivery('{"AWS": "156460612806"}', more=IN_IRELAND),
        "another region, expected 156460612806 (eu-west-1)",
        case="account of another region",
    ),
    Planted("XF170", delivery('{"AWS": →"*"}'), SOUND_DELIVERY, "everybody may write", case="everybody"),
    Planted(
        "XF171",
        '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": →"aws:kms", "KMSMasterKeyID": "a"}}]}',
        '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}',
        "SSEAlgorithm is aws:kms, expected AES256",
        beside=(SOUND_DELIVERY,),
        case="encryption of the bucket",
    ),
    Planted(
        "XF171",
        SOUND_DELIVERY.replace(
            "]}",
            ', {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*", '
            '"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": →"aws:kms"}}}]}',
        ),
        SOUND_DELIVERY,
        "is refused, expected AES256",
        case="demanded by the policy",
    ),
    Planted(
        "XF172",
        ingress("→access_logs.s3.enabled=true,access_logs.s3.bucket=logs,access_logs.s3.prefix=prod/AWSLogs"),
        ingress("access_logs.s3.enabled=true,access_logs.s3.bucket=logs,access_logs.s3.prefix=prod/awslogs"),
        "access_logs.s3.prefix is 'prod/AWSLogs'",
        case="Ingress",
    ),
    Planted(
        "XF172",
        delivery(SERVICE_PRINCIPAL, '→"arn:aws:s3:::logs/AWSLogs/AWSLogs/111122223333/*"'),
        SOUND_DELIVERY,
        "expected AWSLogs once",
        case="policy",
    ),
    Planted(
        "XF173",
        ingress("→access_logs.s3.enabled=true,idle_timeout.timeout_seconds=60"),
        ingress("access_logs.s3.enabled=false"),
        "access_logs.s3.enabled is true without access_logs.s3.bucket",
        case="no bucket",
    ),
    Planted(
        "XF173",
        ingress("→access_logs.s3.bucket=logs"),
        ingress("access_logs.s3.enabled=true, access_logs.s3.bucket=logs"),
        "is set without access_logs.s3.enabled=true",
        case="not enabled",
    ),
)

EKSCTL_ACCOUNT = "  serviceAccounts:\n    - metadata: {name: xray, namespace: tracing}\n"

ACCOUNTS = (
    Planted(
        "XF180",
        "xray: {region: eu-west-1}\nserviceAccount: {create: →true, name: xray}\n",
        "xray: {region: eu-west-1}\nserviceAccount: {create: false, name: xray}\n",
        "'xray' is made by the chart and by eksctl",
        beside=(cluster(EKSCTL_ACCOUNT),),
        case="eksctl and chart",
    ),
    Planted(
        "XF180",
        "→xray: {region: eu-west-1}\n",
        "xray: {region: eu-west-1}\nserviceAccount: {name: other}\n",
        "'prod-aws-xray' is made by the chart and by eksctl",
        beside=(cluster("  serviceAccounts: [{metadata: {name: prod-aws-xray, namespace: tracing}}]\n"),),
        case="eksctl and the chart's own name",
    ),
    Planted(
        "XF180",
        cluster("  serviceAccounts:\n    - metadata: {name: →xray, namespace: tracing}\n"),
        cluster(EKSCTL_ACCOUNT + "      roleOnly: true\n"),
        "'xray' is made by eksctl and by a manifest",
        beside=("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: tracing}\n",),
        case="eksctl and manifest",
    ),
    Planted(
        "XF180",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: a}\n---\n"
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: →xray, namespace: a}\n",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: a}\n---\n"
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray, namespace: b}\n",
        "by a manifest and by a manifest",
        case="two manifests",
    ),
)


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
        config_map(collector(processors=DETECTOR.replace("→", ""), extensions="pprof: {}")),
        "the detector eks without an API token",
        beside=(
            collector_set(pod="      serviceAccountName: xray\n"),
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: xray}\nautomountServiceAccountToken: false\n",
        ),
        case="of the ServiceAccount",
    )._replace(good=config_map(collector(processors=DETECTOR.replace("→", "")), name="of-others")),
)

PLANTED_DOCUMENTS = (*ANY_FILE, *CHART, *IDENTITY, *ALB, *ACCOUNTS, *COLLECTOR)
