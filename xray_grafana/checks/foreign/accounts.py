"""XF18x: who makes a ServiceAccount; there must be one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from xray_grafana.checks.foreign.context import ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule
from xray_grafana.checks.foreign.tree import Mapping, Node, at, is_false, is_true, mappings_at, scalar_at, text_at
from xray_grafana.config.wording import quoted

_CHART_NAME: Final = "aws-xray"


class _Owner(NamedTuple):
    node: Node
    name: str
    namespace: str | None
    who: Literal["a manifest", "eksctl", "the chart"]

    def clashes(self, other: _Owner) -> bool:
        """Whether both make one ServiceAccount. The chart and a manifest are two ways to deploy; nobody is known to take both."""
        if self.name != other.name or {self.who, other.who} in ({"the chart", "a manifest"}, {"the chart"}):
            return False
        return self.namespace == other.namespace or (None in {self.namespace, other.namespace} and self.who != other.who)


@rule(
    "XF180",
    "A ServiceAccount has one owner",
    reason="what comes second fails or undoes the first: Helm refuses a ServiceAccount that eksctl made ('cannot be imported into the "
    "current release'), and of two manifests the last applied wins, with or without the role",
    remedy="let one make it: serviceAccount.create: false with its name in the chart, or roleOnly: true in eksctl and the role in the "
    "annotation",
)
def _two_owners(context: ForeignContext) -> Iterator[Fault]:
    owners = list(_owners(context))
    for index, owner in enumerate(owners):
        first = next((earlier for earlier in owners[:index] if earlier.clashes(owner)), None)
        if first:
            yield Fault(
                owner.node, f"the ServiceAccount {quoted(owner.name)} is made by {owner.who} and by {first.who}, expected one of them"
            )


def _owners(context: ForeignContext) -> Iterator[_Owner]:
    for manifest in context.manifests_of("ServiceAccount"):
        node = at(manifest.root, "metadata", "name")
        if node and manifest.name:
            yield _Owner(node, manifest.name, manifest.namespace, "a manifest")
    for config in context.cluster_configs:
        yield from _of_eksctl(config)
    made_by_eksctl = [owner for config in context.cluster_configs for owner in _of_eksctl(config)]
    for values in context.chart_values:
        if is_false(values, "serviceAccount", "create"):
            continue
        name = text_at(values, "serviceAccount", "name") or text_at(values, "fullnameOverride")
        node = at(values, "serviceAccount", "create") or at(values, "serviceAccount") or values
        names = [name] if name else [owner.name for owner in made_by_eksctl if _may_be_release(owner.name)]
        for each in names:
            yield _Owner(node, each, None, "the chart")


def _may_be_release(name: str) -> bool:
    """Whether the chart, left to name its ServiceAccount, may give it this name: release-aws-xray, or aws-xray."""
    return name == _CHART_NAME or name.endswith(f"-{_CHART_NAME}")


def _of_eksctl(config: Mapping) -> Iterator[_Owner]:
    for account in mappings_at(config, "iam", "serviceAccounts"):
        name = scalar_at(account, "metadata", "name")
        if name and not is_true(account, "roleOnly"):
            yield _Owner(name, name.text, text_at(account, "metadata", "namespace"), "eksctl")
    for association in mappings_at(config, "iam", "podIdentityAssociations"):
        name = scalar_at(association, "serviceAccountName")
        if name and is_true(association, "createServiceAccount"):
            yield _Owner(name, name.text, text_at(association, "namespace"), "eksctl")


RULES: Final = (_two_owners,)
