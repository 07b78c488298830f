"""Which stream a line belongs to: its labels, from the object's name where it says them and else from the line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from xray_grafana import contract
from xray_grafana.alb.keys import LogKey
from xray_grafana.errors import UsageError
from xray_grafana.push.encode import labels_text

_ARN_PARTS: Final = 6


class Tags(Protocol):
    """Names of services by tags in AWS. Both raise SourceError."""

    def name_of(self, arn: str) -> str | None:
        """The service that a resource's tag names."""

    def name_of_load_balancer(self, account: str, region: str, load_balancer: str) -> str | None:
        """The service that a load balancer's tag names."""


@dataclass(frozen=True)
class Services:
    """Names of services by load balancer (`app/NAME`, `app/NAME/ID`) and by target group (`targetgroup/NAME`, with or without `/ID`).

    `tags` are asked for what `names` does not name.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    tags: Tags | None = None

    @property
    def need_target_group(self) -> bool:
        """Whether lines of one load balancer can belong to several services."""
        return self.tags is not None or any(resource.startswith("targetgroup/") for resource in self.names)

    def name_of(self, load_balancer: str, target_group_arn: str, account: str = "", region: str = "") -> str:
        """The target group's service, else the load balancer's, else the load balancer's own name. Raises SourceError as tags do."""
        target_group = target_group_arn.rpartition(":")[2]
        for resource in (target_group, load_balancer):
            for name in (resource, resource.rpartition("/")[0]):
                if name in self.names:
                    return self.names[name]
        if self.tags is not None:
            tagged = self.tags.name_of(target_group_arn) or self.tags.name_of_load_balancer(account, region, load_balancer)
            if tagged is not None:
                return tagged
        parts = load_balancer.split("/")
        return parts[1] if len(parts) > 1 else load_balancer


def parse_services(text: str) -> Services:
    """Reads the JSON object that the bundle puts into the shipper's environment. Raises UsageError."""
    hint = 'write {"app/shop-front": "storefront", "targetgroup/checkout": "checkout"}'
    try:
        names = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"it is no JSON: {error}", where=contract.SERVICES_VARIABLE, hint=hint) from error
    if not isinstance(names, dict) or not all(isinstance(name, str) and name for name in names.values()):
        raise UsageError("it maps no names to names", where=contract.SERVICES_VARIABLE, hint=hint)
    return Services(names)


class Streams:
    """The labels of an object's lines. `key` is what its name says; None: nothing."""

    def __init__(self, services: Services, log_type: str, key: LogKey | None) -> None:
        self._services = services
        self._log_type = log_type
        self._key = key
        self._texts: dict[tuple[str, str], str] = {}

    @property
    def by_load_balancer(self) -> bool:
        """Whether lines must be asked for their load balancer."""
        return self._key is None or self._key.load_balancer is None

    @property
    def by_target_group(self) -> bool:
        """Whether lines must be asked for their target group."""
        return self._services.need_target_group

    def labels(self, load_balancer: str = "", target_group_arn: str = "") -> str:
        """The stream of lines with that load balancer and target group, as Loki's push API takes it. Raises SourceError as tags do."""
        found = self._texts.get((load_balancer, target_group_arn))
        if found is None:
            found = self._texts[load_balancer, target_group_arn] = labels_text(self._labels(load_balancer, target_group_arn))
        return found

    def _labels(self, load_balancer: str, target_group_arn: str) -> dict[str, str]:
        key = self._key
        load_balancer = (key.load_balancer if key else None) or load_balancer
        account, region = _place(target_group_arn)
        account = (key.account if key else None) or account
        region = (key.region if key else None) or region
        labels = {
            contract.LABEL_LOG_TYPE: self._log_type,
            contract.LABEL_LOAD_BALANCER: load_balancer,
            contract.LABEL_SERVICE: self._services.name_of(load_balancer, target_group_arn, account, region),
            contract.LABEL_ACCOUNT: account,
            contract.LABEL_REGION: region,
        }
        return {name: value for name, value in labels.items() if value}


def _place(target_group_arn: str) -> tuple[str, str]:
    """Account and region of a target group, which are its load balancer's; empty when it is none."""
    parts = target_group_arn.split(":")
    return (parts[4], parts[3]) if len(parts) == _ARN_PARTS and parts[0] == "arn" else ("", "")
