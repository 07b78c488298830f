"""All given files as one: which documents there are, and what in one belongs to what in another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.checks.foreign.kinds import (
    DocumentKind,
    chart_values_in,
    is_collector,
    kind_of,
    policies_in,
    task_containers_in,
)
from xray_grafana.checks.foreign.manifests import (
    Container,
    Manifest,
    Workload,
    task_container,
    workload_of,
)
from xray_grafana.checks.foreign.read import Document
from xray_grafana.checks.foreign.source import Refused, Text
from xray_grafana.checks.foreign.tree import Mapping, Scalar, at, entries_at, every_node, mappings_at, scalars_in, text_at
from xray_grafana.k8s.objects import ROLE_ANNOTATION

AGENT_PORT: Final = str(contract.AGENT_PORT)
POD_IDENTITY_SERVICE: Final = "pods.eks.amazonaws.com"


class Refusal(NamedTuple):
    """A text that could not be read, and why."""

    text: Text
    cause: Refused


@dataclass(frozen=True, eq=False)
class EmbeddedConfig:
    """A config of the daemon or a collector; `config_map` names the ConfigMap that holds it."""

    root: Mapping
    config_map: str | None


@dataclass(frozen=True, eq=False)
class ForeignContext:
    """Every document of every file, and what could not be read; `empty` are the files without a document."""

    documents: tuple[Document, ...]
    refusals: tuple[Refusal, ...] = ()
    empty: tuple[Text, ...] = ()

    @cached_property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The kind of each document."""
        return tuple(kind_of(document.root) for document in self.documents)

    def _roots(self, kind: DocumentKind) -> tuple[Mapping, ...]:
        pairs = zip(self.documents, self.kinds, strict=True)
        return tuple(document.root for document, found in pairs if found == kind and isinstance(document.root, Mapping))

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The Kubernetes objects."""
        return tuple(Manifest(root) for root in self._roots("Kubernetes object"))

    def manifests_of(self, kind: str) -> tuple[Manifest, ...]:
        """The Kubernetes objects of a kind."""
        return tuple(manifest for manifest in self.manifests if manifest.kind == kind)

    @cached_property
    def services(self) -> tuple[Manifest, ...]:
        """The Services, without those of Knative."""
        return tuple(manifest for manifest in self.manifests_of("Service") if text_at(manifest.root, "apiVersion") == "v1")

    @cached_property
    def agent_services(self) -> tuple[Manifest, ...]:
        """The Services that take trace data: those with port 2000 and X-Ray in a name, or with port 2000/UDP."""
        return tuple(service for service in self.services if _serves_traces(service))

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What runs pods."""
        return tuple(workload for manifest in self.manifests if (workload := workload_of(manifest)))

    @cached_property
    def task_containers(self) -> tuple[Container, ...]:
        """The containers of ECS tasks."""
        pairs = zip(self.documents, self.kinds, strict=True)
        roots = [document.root for document, kind in pairs if kind == "ECS task definition"]
        return tuple(task_container(each) for root in roots for each in task_containers_in(root))

    @cached_property
    def pod_containers(self) -> tuple[Container, ...]:
        """The containers of pods."""
        return tuple(container for workload in self.workloads for container in workload.containers)

    @cached_property
    def daemons(self) -> tuple[Container, ...]:
        """The containers of pods that run the X-Ray daemon."""
        return tuple(container for container in self.pod_containers if container.is_daemon)

    @cached_property
    def chart_values(self) -> tuple[Mapping, ...]:
        """Values of the chart aws-xray."""
        return tuple(values for root in self._roots("values of the aws-xray chart") if (values := chart_values_in(root)))

    @cached_property
    def cluster_configs(self) -> tuple[Mapping, ...]:
        """The configs of eksctl."""
        return self._roots("eksctl cluster config")

    @cached_property
    def policies(self) -> tuple[Mapping, ...]:
        """The policy documents; those of CloudFormation are full of functions and left to its own linter."""
        pairs = zip(self.documents, self.kinds, strict=True)
        return tuple(policy for document, kind in pairs if kind != "CloudFormation template" for policy in policies_in(document.root))

    @cached_property
    def statements(self) -> tuple[Mapping, ...]:
        """The statements of all policies."""
        return tuple(
            statement
            for policy in self.policies
            for statement in (mappings_at(policy, "Statement") or [at(policy, "Statement")])
            if isinstance(statement, Mapping)
        )

    @cached_property
    def bucket_encryptions(self) -> tuple[Mapping, ...]:
        """Encryption settings of buckets."""
        return self._roots("bucket encryption")

    @cached_property
    def daemon_configs(self) -> tuple[EmbeddedConfig, ...]:
        """The config files of daemons."""
        pairs = zip(self.documents, self.kinds, strict=True)
        return tuple(
            EmbeddedConfig(document.root, document.inside)
            for document, kind in pairs
            if kind == "daemon config" and isinstance(document.root, Mapping)
        )

    @cached_property
    def collector_configs(self) -> tuple[EmbeddedConfig, ...]:
        """The configs of collectors: files, and parts of chart values, ConfigMaps and collector objects."""
        return tuple(
            EmbeddedConfig(node, document.inside)
            for document in self.documents
            for node in (document.root, at(document.root, "config"), at(document.root, "spec", "config"))
            if isinstance(node, Mapping) and is_collector(node)
        )

    def users_of(self, config: EmbeddedConfig) -> tuple[Workload, ...]:
        """The workloads that mount the ConfigMap of a config."""
        return tuple(workload for workload in self.workloads if config.config_map in workload.config_maps)

    def configs_of(self, container: Container) -> tuple[EmbeddedConfig, ...]:
        """The daemon configs among the files that a container's pod mounts."""
        mounted = container.workload.config_maps if container.workload else frozenset()
        return tuple(config for config in self.daemon_configs if config.config_map in mounted)

    @cached_property
    def regions(self) -> frozenset[str]:
        """The regions that eksctl configs say they are in."""
        names = (text_at(config, "metadata", "region") for config in self.cluster_configs)
        return frozenset(name for name in names if name)

    @cached_property
    def pod_identity_accounts(self) -> frozenset[str]:
        """Names of ServiceAccounts that get their role by EKS Pod Identity."""
        names = [
            text_at(association, "serviceAccountName")
            for config in self.cluster_configs
            for association in mappings_at(config, "iam", "podIdentityAssociations")
        ]
        names += [text_at(root, "serviceAccount") for root in self._roots("pod identity association")]
        return frozenset(name for name in names if name)

    @cached_property
    def has_pod_identity_trust(self) -> bool:
        """Whether a trust policy names the service of EKS Pod Identity."""
        principals = (scalar for statement in self.statements for scalar in scalars_in(at(statement, "Principal", "Service")))
        return any(scalar.text == POD_IDENTITY_SERVICE for scalar in principals)

    @cached_property
    def web_identity_accounts(self) -> frozenset[str]:
        """Names of ServiceAccounts that carry the annotation of IRSA."""
        return frozenset(
            manifest.name or ""
            for manifest in self.manifests_of("ServiceAccount")
            if ROLE_ANNOTATION in entries_at(manifest.root, "metadata", "annotations")
        )

    @cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        """Every scalar value of every document, each once."""
        return tuple(node for document in self.documents for node in every_node(document.root) if isinstance(node, Scalar))


def _serves_traces(service: Manifest) -> bool:
    ours = [port for port in service.service_ports if port.number == AGENT_PORT]
    return any(port.protocol == "UDP" for port in ours) or bool(ours and "xray" in (service.name or "").replace("-", "").lower())
