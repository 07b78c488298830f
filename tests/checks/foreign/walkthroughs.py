"""Files of the kind that published walkthroughs tell their readers to apply, mistakes included.

`⟦XF110⟧` stands in front of what a rule must point at; marks are taken out before the files are checked, all files of one walkthrough
together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from xray_grafana.checks.foreign import SourceFile

_MARK: Final = re.compile(r"⟦(XF\d{3})⟧")

# A first cluster: one policy on the node role, a daemon built by hand, an application beside it.
NODE_ROLE: Final = {
    "policy.json": """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "XRay",
      "Effect": "Allow",
      "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
      "Resource": ⟦XF162⟧⟦XF167⟧"arn:aws:iam::11112222333:instance-profile/eks-nodes"
    }
  ]
}
""",
    "xray-daemon.yaml": """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: xray-daemon
spec:
  selector:
    matchLabels:
      app: xray-daemon
  template:
    metadata:
      labels:
        app: xray-daemon
    spec:
      ⟦XF138⟧hostNetwork: ⟦XF132⟧true
      containers:
        - ⟦XF140⟧name: xray-daemon
          image: ⟦XF130⟧111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-daemon
          ports:
            - ⟦XF121⟧name: xray-ingest
              containerPort: 2000
              hostPort: 2000
              protocol: UDP
          resources:
            limits:
              memory: 24Mi
---
# The name under which applications find the daemon.
apiVersion: v1
kind: Service
metadata:
  name: xray-service
spec:
  selector:
    app: xray-daemon
  clusterIP: ⟦XF120⟧None
  ports:
    - ⟦XF121⟧name: incoming
      port: 2000
      protocol: UDP
""",
    "front.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: front
spec:
  template:
    spec:
      containers:
        - name: front
          image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/front:v1
          env:
            - name: AWS_XRAY_DAEMON_ADDRESS
              value: ⟦XF110⟧xray-service.default
            - name: AWS_ACCESS_KEY_ID
              value: ⟦XF103⟧AKIAABCDEFGHIJKLMNOP
            - name: AWS_SECRET_ACCESS_KEY
              value: ⟦XF103⟧"0123456789012345678901234567890123456789"
""",
}

# The chart, with a role for its ServiceAccount that eksctl made.
CHART: Final = {
    "cluster.yaml": """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: shop, region: eu-west-1}
iam:
  withOIDC: true
  serviceAccounts:
    - metadata: {name: xray-sa, namespace: observability}
      attachPolicyARNs:
        - ⟦XF160⟧arn:aws:iam::aws:policy/AWSXrayDaemonWriteAccess
""",
    "values.yaml": """\
image:
  tag: ⟦XF130⟧latest
serviceAccount:
  create: ⟦XF180⟧true
  name: xray-sa
  annotations:
    ⟦XF152⟧name: xray-sa
    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/xray
xray:
  ⟦XF152⟧Region: eu-west-1
  loglevel: ⟦XF144⟧pro
""",
    "trust.json": """\
{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": ⟦XF163⟧{"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF:aud": "sts.amazonaws.com"}}
  }]
}
""",
}

# Manifests with the config in a ConfigMap, and a Node application in another namespace.
CONFIG_MAP: Final = {
    "agent.yaml": """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: xray-config, namespace: tracing}
    data:
      config.yaml: |
        ⟦XF150⟧TotalBufferSizeMB: ⟦XF140⟧0
        Region: eu-west-1
        Socket:
          # pods send here
          UDPAddress: ⟦XF141⟧"127.0.0.1:2000"
          TCPAddress: "0.0.0.0:2000"
        Logging:
          LogLevel: ⟦XF144⟧"INFO"
        ⟦XF151⟧noVerifySSL: false
  - apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: xray, namespace: tracing}
    spec:
      template:
        metadata: {labels: {app: xray}}
        spec:
          ⟦XF138⟧serviceAccountName: xray
          tolerations: [⟦XF137⟧{operator: Exists}]
          securityContext: {⟦XF134⟧runAsNonRoot: true}
          volumes:
            - name: config
              configMap: {name: xray-config}
          containers:
            - ⟦XF139⟧name: xray
              image: public.ecr.aws/xray/aws-xray-daemon:3.6.6
              command: ["/xray", "-c", "/aws/xray/config.yaml"]
              volumeMounts: [{name: config, mountPath: /aws/xray}]
              livenessProbe:
                ⟦XF135⟧httpGet:
                  path: /
                  port: 2000
  - apiVersion: v1
    kind: Service
    metadata: {name: xray-udp, namespace: tracing}
    spec:
      selector: ⟦XF122⟧{app: xray-daemon}
      ports:
        - {name: udp, port: 2000, protocol: UDP}
        - {name: tcp, port: 2000, protocol: TCP}
""",
    "cart.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: cart
          image: node:22-alpine
          env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: ⟦XF111⟧⟦XF112⟧"xray-udp.amazon:2000"}]
""",
}

# A collector instead of the daemon, its endpoints left to their defaults, and logs of the load balancer.
COLLECTOR: Final = {
    "collector.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: otel, namespace: tracing}
data:
  otel.yaml: |
    receivers:
      ⟦XF190⟧awsxray:
        endpoint: 0.0.0.0:2000
    processors:
      ⟦XF192⟧resourcedetection: {detectors: [env, ⟦XF195⟧eks]}
    exporters:
      awsxray:
        ⟦XF194⟧sending_queue: {enabled: true}
    extensions:
      ⟦XF191⟧health_check:
      ⟦XF190⟧⟦XF193⟧awsproxy:
    service:
      extensions: [health_check, awsproxy]
      pipelines:
        traces: {receivers: [awsxray], processors: [resourcedetection], exporters: [awsxray]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: otel, namespace: tracing}
spec:
  template:
    spec:
      automountServiceAccountToken: false
      volumes: [{name: config, configMap: {name: otel}}]
      containers:
        - name: otel
          image: public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0
          livenessProbe: {httpGet: {path: /, port: 13133}}
""",
    "ingress.yaml": """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    alb.ingress.kubernetes.io/load-balancer-attributes: ⟦XF172⟧>-
      access_logs.s3.enabled=true,access_logs.s3.bucket=b,access_logs.s3.prefix=AWSLogs
""",
    "bucket-policy.json": """\
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": ⟦XF170⟧"arn:aws:iam::111122223333:root"}, "Action": "s3:PutObject",
   "Resource": "arn:aws:s3:::b/AWSLogs/111122223333/*"}
]}
""",
    "encryption.json": """\
{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": ⟦XF171⟧"aws:kms"}}]}
""",
}

WALKTHROUGHS: Final = {"node role": NODE_ROLE, "chart": CHART, "config map": CONFIG_MAP, "collector": COLLECTOR}


def prepared(marked: Mapping[str, str]) -> tuple[list[SourceFile], list[str]]:
    """The files without marks, and each mark as `file:line:column rule`."""
    files, expected = [], []
    for name, text in marked.items():
        plain = ""
        for index, piece in enumerate(_MARK.split(text)):
            if index % 2 == 0:
                plain += piece
            else:
                expected.append(f"{name}:{plain.count(chr(10)) + 1}:{len(plain) - plain.rfind(chr(10))} {piece}")
        files.append(SourceFile(name, plain.encode()))
    return files, sorted(expected)
