"""The values that the chart okgolove/aws-xray 5.0.0 reads, with their defaults: what it does not read it ignores without a word.

Source: okgolove/helm-charts, charts/aws-xray/values.yaml and templates, chart version 5.0.0 (2026-04-06).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xray_grafana.bundle.artifact import JsonValue

# A key whose default is {} or [] takes what Kubernetes takes there; below the others nothing more is read.
CHART_KEYS: Final[Mapping[str, JsonValue]] = {
    "affinity": {},
    "fullnameOverride": "",
    "image.pullPolicy": "IfNotPresent",
    "image.repository": "public.ecr.aws/xray/aws-xray-daemon",
    "image.tag": "",
    "imagePullSecrets": [],
    "nameOverride": "",
    "nodeSelector": {},
    "podAnnotations": {},
    "podSecurityContext": {},
    "priorityClassName": "",
    "resources": {},
    "securityContext": {},
    "service.port": 2000,
    "serviceAccount.annotations": {},
    "serviceAccount.create": True,
    "serviceAccount.name": "",
    "tolerations": [],
    "xray.containerPort": 2000,
    "xray.loglevel": "prod",
    "xray.region": None,
    "xray.roleArn": None,
}
