"""Planted mistakes that a file of any kind may have, and owners of ServiceAccounts."""

from __future__ import annotations

from tests.checks.foreign.given import AGENT_SERVICE, EKSCTL_ACCOUNT, cluster, config_map
from tests.checks.foreign.planting import Planted

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
