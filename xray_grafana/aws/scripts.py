"""Scripts for the AWS CLI: they print what they would run, and run it only with `--apply`."""

from __future__ import annotations

from typing import Final

import xray_grafana
from xray_grafana import contract
from xray_grafana.aws.roles import cluster_roles
from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.bundle.template import text_from
from xray_grafana.config.ecr import EcrImage, image_in
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names

_SHIPPER_REPOSITORY: Final = contract.PART_OF


def build_scripts(config: Config) -> tuple[Artifact, ...]:
    """Scripts for the cluster's roles, for a bucket that was there before the bundle, and for the shipper's image."""
    artifacts = []
    if config.kubernetes is not None:
        artifacts.append(Artifact("aws/iam/apply.sh", Format.TEXT, _apply_script(config)))
    if config.alb_logs is not None and not config.alb_logs.create_bucket:
        text = _render(config, "attach-bucket.sh.j2", bucket=config.alb_logs.bucket)
        artifacts.append(Artifact("aws/attach-bucket.sh", Format.TEXT, text))
    if config.alb_logs is not None and (image := _shipper_image(config)) is not None:
        artifacts.append(Artifact("aws/shipper/push-image.sh", Format.TEXT, _render(config, "push-shipper.sh.j2", image=image)))
    return tuple(artifacts)


def _shipper_image(config: Config) -> EcrImage | None:
    """The shipper's image if it lies in the account's own registry, where it goes unless the config names another."""
    names = Names(config)
    if names.alb_logs.shipper_image is None:
        return EcrImage(names.registry, _SHIPPER_REPOSITORY, xray_grafana.__version__)
    return image_in(names.registry, names.alb_logs.shipper_image)


def _apply_script(config: Config) -> str:
    names = Names(config)
    roles = cluster_roles(config)
    kind = names.kubernetes.identity.kind
    return _render(
        config,
        "apply.sh.j2",
        kind=kind,
        roles=roles,
        arns={role.name: names.role_arn(role.name) for role in roles},
        cluster=names.kubernetes.cluster,
        provider_arn=names.oidc_provider_arn if kind == "irsa" else None,
        node_role=names.node_role if kind == "node-role" else None,
        tag=f"Key={contract.PART_OF_LABEL},Value={contract.PART_OF}",
    )


def _render(config: Config, template: str, **values: object) -> str:
    return text_from("xray_grafana.aws", template, account=config.aws.account, region=config.aws.region, **values)
