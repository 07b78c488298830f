"""Everything under `aws/`: roles and their policies, the ALB log pipeline, fragments for ECS, sampling rules."""

from __future__ import annotations

from xray_grafana.aws.alb_pipeline import build_alb_pipeline
from xray_grafana.aws.bucket_policy import build_bucket_policy
from xray_grafana.aws.cloudformation import build_roles_template
from xray_grafana.aws.ecs import build_ecs
from xray_grafana.aws.eksctl import build_eksctl
from xray_grafana.aws.policies import build_policies
from xray_grafana.aws.roles import build_trust
from xray_grafana.aws.sampling_rules import build_sampling_rules
from xray_grafana.aws.scripts import build_scripts
from xray_grafana.bundle.artifact import Artifact
from xray_grafana.config.models import Config


def build_aws(config: Config) -> tuple[Artifact, ...]:
    """All AWS documents of a bundle; which, depends on the sections of the config."""
    return (
        *build_policies(config),
        *build_trust(config),
        *build_roles_template(config),
        *build_eksctl(config),
        *build_scripts(config),
        *build_alb_pipeline(config),
        *build_bucket_policy(config),
        *build_ecs(config),
        *build_sampling_rules(config),
    )
