"""What a Grafana needs besides the bundle's files, whichever way it is deployed: plugin, environment, sign-in settings, ServiceAccount.

`AWS_CA_BUNDLE` is never among it: with the environment forwarded to the plugin it makes every query fail (seen with plugin 2.17.1).
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.config.secret_references import SecretKey, secret_key, secret_references
from xray_grafana.k8s.objects import ROLE_ANNOTATION

# Grafana pkg/setting/setting.go, [aws] allowed_auth_providers.
_ALLOWED_BY_DEFAULT: Final = ("default", "keys", "credentials")
# CloudWatch is a plugin process of its own from this version on, and then sees the environment only when told.
_CLOUDWATCH_IS_EXTERNAL: Final = "13.2"


def image_tag(config: Config) -> str:
    """The tag of Grafana's image."""
    return f"{config.grafana.version}.0"


def plugin_pin(config: Config) -> str:
    """The X-Ray plugin in the form that GF_PLUGINS_PREINSTALL_SYNC takes."""
    return f"{contract.XRAY_PLUGIN_ID}@{config.grafana.plugin_version}"


def forwarded_plugins(config: Config) -> str:
    """The plugins that must see AWS credentials in Grafana's environment: web identity, container credentials, keys."""
    external = config.cloudwatch.enabled and config.grafana.version == _CLOUDWATCH_IS_EXTERNAL
    return ",".join([contract.XRAY_PLUGIN_ID, *([contract.CLOUDWATCH_PLUGIN_ID] if external else [])])


def allowed_auth_providers(config: Config) -> str | None:
    """The value of `allowed_auth_providers` where Grafana's default would refuse a source; None where it would not."""
    further = sorted({source.auth for source in config.xray.sources}.difference(_ALLOWED_BY_DEFAULT))
    return ",".join([*_ALLOWED_BY_DEFAULT, *further]) if further else None


def environment(config: Config) -> dict[str, str]:
    """The environment variables of Grafana that hold no secret, without the plugin's own."""
    return {"AWS_REGION": config.aws.region, "GF_PLUGINS_FORWARD_HOST_ENV_VARS": forwarded_plugins(config)}


def secret_keys(config: Config) -> dict[str, SecretKey]:
    """The keys of Kubernetes Secrets that Grafana needs, by environment variable, sorted."""
    keys = [key for _, reference in secret_references(config) if (key := secret_key(reference)) is not None]
    return {key.variable: key for key in sorted(keys, key=lambda key: key.variable)}


def secret_source(key: SecretKey) -> Document:
    """`valueFrom` of an environment variable or of an operator's field."""
    return {"secretKeyRef": {"name": key.name, "key": key.key}}


def role_annotations(names: Names) -> dict[str, str]:
    """The annotations of Grafana's ServiceAccount: its role with IRSA, none with the other ways."""
    if names.kubernetes.identity.kind != "irsa":
        return {}
    return {ROLE_ANNOTATION: names.role_arn(names.grafana_role)}
