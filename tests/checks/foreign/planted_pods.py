"""Planted mistakes in the daemon's pod: image, security, probes, resources."""

from __future__ import annotations

from tests.checks.foreign.given import IMAGE, app, daemon_set, image
from tests.checks.foreign.planting import Planted

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
        "XF134",
        daemon_set(IMAGE, pod="      securityContext: # the pod's\n        →runAsNonRoot: true # always\n"),
        daemon_set(IMAGE + "          securityContext: {runAsUser: 10001}\n", pod="      securityContext: {runAsNonRoot: true}\n"),
        "runAsUser is missing",
        mended=daemon_set(IMAGE, pod="      securityContext: # the pod's\n        runAsUser: 10001\n        runAsNonRoot: true # always\n"),
        case="of the pod",
    ),
    Planted(
        "XF134",
        daemon_set(IMAGE + "          securityContext: {→runAsNonRoot: true}\n"),
        daemon_set(IMAGE + "          securityContext: {runAsNonRoot: false}\n"),
        "runAsUser is missing",
        mended=daemon_set(IMAGE + "          securityContext: {runAsUser: 10001, runAsNonRoot: true}\n"),
        case="of the container",
    ),
)
