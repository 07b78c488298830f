"""What Loki's address says about where Loki is."""

from __future__ import annotations

from urllib.parse import urlsplit


def service_namespace(url: str, home: str) -> str | None:
    """Namespace of the Kubernetes Service that a URL names, `home` for a bare name; None for a name from outside the cluster.

    `name.namespace` alone is taken for a name from outside: nothing tells it from a domain.
    https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
    """
    host = urlsplit(url).hostname or ""
    match host.split("."):
        case [name] if ":" not in name:  # an IPv6 address has no dot either
            return home
        case [_, namespace, "svc", *_]:
            return namespace
        case _:
            return None
