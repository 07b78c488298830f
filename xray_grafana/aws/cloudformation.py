"""CloudFormation: what all templates have in common, and the template of the cluster's roles.

A template holds the names that the rest of the bundle holds, so it refuses to be deployed to any other account or region.
"""

from __future__ import annotations

from xray_grafana import contract
from xray_grafana.aws.roles import PodRole, cluster_roles
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names


def template(config: Config, description: str, resources: Document, outputs: Document, parameters: Document | None = None) -> Document:
    """A template that can be deployed only to the config's account and region."""
    document: Document = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description}
    if parameters:
        document["Parameters"] = parameters
    document["Rules"] = {
        "Place": {
            "Assertions": [
                _only("AWS::AccountId", config.aws.account, "account"),
                _only("AWS::Region", config.aws.region, "region"),
            ]
        }
    }
    document["Resources"] = resources
    if outputs:  # CloudFormation refuses an empty section
        document["Outputs"] = outputs
    return document


def _only(parameter: str, value: str, what: str) -> Document:
    return {"Assert": {"Fn::Equals": [{"Ref": parameter}, value]}, "AssertDescription": f"This template was made for the {what} {value}."}


def deploy_notes(config: Config, template_name: str, *arguments: str) -> str:
    """The command that deploys a template, whose roles have names and therefore need the capability."""
    command = [
        f"aws cloudformation deploy --region {config.aws.region} --stack-name {config.prefix}-{template_name}",
        f"--template-file {template_name}.yaml --capabilities CAPABILITY_NAMED_IAM",
        *arguments,
    ]
    return " \\\n  ".join(command) + "\n"


def output(description: str, value: Document) -> Document:
    """One output of a stack."""
    return {"Description": description, "Value": value}


def get(resource: str, attribute: str) -> Document:
    """An attribute of a resource of the same template."""
    return {"Fn::GetAtt": [resource, attribute]}


def tags() -> list[Document]:
    """The tag by which the bundle's resources are found."""
    return [{"Key": contract.PART_OF_LABEL, "Value": contract.PART_OF}]


def role_resource(name: str, policy: Document, trust: Document) -> Document:
    """A role with one policy, which is named as the role is."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": name, "PolicyDocument": policy}],
            "Tags": tags(),
        },
    }


def pod_role_resources(names: Names, role: PodRole) -> Document:
    """What gives pods their rights: a role, with Pod Identity its association too, or a policy of their nodes' role."""
    logical = f"{role.part.capitalize()}Role"
    if role.trust is None:
        properties = {"RoleName": names.node_role, "PolicyName": role.name, "PolicyDocument": role.policy}
        return {f"{logical}Policy": {"Type": "AWS::IAM::RolePolicy", "Properties": properties}}
    resources = {logical: role_resource(role.name, role.policy, role.trust)}
    if names.kubernetes.identity.kind == "pod-identity":
        resources[f"{logical}Association"] = {
            "Type": "AWS::EKS::PodIdentityAssociation",
            "Properties": {
                "ClusterName": names.kubernetes.cluster,
                "Namespace": role.namespace,
                "ServiceAccount": role.service_account,
                "RoleArn": get(logical, "Arn"),
            },
        }
    return resources


def pod_role_outputs(role: PodRole) -> Document:
    """The ARN of a pod's role; nothing where there is none."""
    if role.trust is None:
        return {}
    logical = f"{role.part.capitalize()}Role"
    return {f"{logical}Arn": output(f"Role of the ServiceAccount {role.namespace}/{role.service_account}.", get(logical, "Arn"))}


def build_roles_template(config: Config) -> tuple[Artifact, ...]:
    """The roles of the agent and of Grafana; none without a cluster."""
    if config.kubernetes is None:
        return ()
    names = Names(config)
    resources: Document = {}
    outputs: Document = {}
    for role in cluster_roles(config):
        resources |= pod_role_resources(names, role)
        outputs |= pod_role_outputs(role)
    description = f"IAM for AWS X-Ray in the EKS cluster {config.kubernetes.cluster}: the agent writes traces, Grafana reads them."
    others = "apply.sh does" if names.kubernetes.identity.kind == "node-role" else "apply.sh and ../eksctl/cluster-config.yaml do"
    notes = f"{deploy_notes(config, 'roles')}The same is what {others}: use one of them.\n"
    return (Artifact("aws/iam/roles.yaml", Format.YAML, template(config, description, resources, outputs), notes),)
