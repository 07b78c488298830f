"""XF200: what Grafana's own container is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.foreign.context import ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule

_FORWARD: Final = "GF_PLUGINS_FORWARD_HOST_ENV_VARS"
_BUNDLE: Final = "AWS_CA_BUNDLE"


@rule(
    "XF200",
    "Grafana does not forward AWS_CA_BUNDLE to the X-Ray plugin",
    reason="the plugin cannot add the bundle to its HTTP client, so every one of its queries fails (seen with plugin 2.17.1)",
    remedy="take AWS_CA_BUNDLE out of Grafana's environment; put the CA into the image's own store",
)
def _forwarded_bundle(context: ForeignContext) -> Iterator[Fault]:
    for container in (*context.pod_containers, *context.task_containers):
        forwarded, bundle = container.variable(_FORWARD), container.variable(_BUNDLE)
        if forwarded and bundle and forwarded[1] and contract.XRAY_PLUGIN_ID in forwarded[1].text:
            yield Fault(bundle[0], f"{_BUNDLE} beside {_FORWARD}, expected one of the two")


RULES: Final = (_forwarded_bundle,)
