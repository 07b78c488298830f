"""Service names from AWS: the value of one tag of a load balancer or target group, of which AWS is asked once an hour."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from botocore.exceptions import ClientError

from xray_grafana.alb.aws_errors import AWS_ERRORS, AwsError, source_error
from xray_grafana.config.partition import partition
from xray_grafana.config.types import ServiceName
from xray_grafana.errors import SourceError

_KEPT_SECONDS: Final = 3600.0
_KEPT_MAX: Final = 2000
# ARNs stand in logs, and their region becomes part of an address: only what AWS itself could have written is asked for.
_ARN: Final = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:elasticloadbalancing:(?P<region>[a-z]{2,4}(?:-[a-z]{1,20}){1,3}-[0-9]{1,2}):(?P<account>[0-9]{12}):"
    r"(?:loadbalancer/(?:app|net)|targetgroup)/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}"
)
_SERVICE_NAME: Final = get_args(ServiceName)[1]
# What DescribeTags says of an ARN that was deleted, or never was: ELB API Reference; of some it says that they are no ARNs.
_UNKNOWN_CODES: Final = ("LoadBalancerNotFound", "TargetGroupNotFound", "ValidationError")
_HINT: Final = "name its service by alb_logs.services, for which AWS is not asked, or leave alb_logs.service_tag out"


@dataclass(slots=True)
class _Known:
    """What AWS said of one ARN. `until`: of the clock; the lock is held while AWS is asked, so that it is asked once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = -math.inf
    name: str | None = None


class ServiceTags:
    """Reads the tag `tag_key`, for several threads. `client_of_region` gives a client of elbv2.

    Where AWS refuses to tell, `note` is told once for each account and region, and nothing there has a tag for an hour.
    `clock` gives seconds; `kept_max` ARNs are remembered.
    """

    def __init__(
        self,
        client_of_region: Callable[[str], Any],
        tag_key: str,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        kept_max: int = _KEPT_MAX,
    ) -> None:
        self._client_of_region = client_of_region
        self._tag_key = tag_key
        self._note = note
        self._clock = clock
        self._kept_max = kept_max
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._refused_until: dict[tuple[str, str], float] = {}

    def name_of_load_balancer(self, account: str, region: str, load_balancer: str) -> str | None:
        """The service of `app/NAME/ID` or `net/NAME/ID`; None for a Classic one, whose tags are read by another API. Raises SourceError."""
        return self.name_of(f"arn:{partition(region)}:elasticloadbalancing:{region}:{account}:loadbalancer/{load_balancer}")

    def name_of(self, arn: str) -> str | None:
        """The service of a load balancer or target group; None without a tag that is a service name.

        Raises SourceError, never permanent, when AWS cannot be asked now: by a guess the line would land in another stream. What AWS
        said before holds until it can.
        """
        parts = _ARN.fullmatch(arn)
        if parts is None:
            return None
        place = parts["region"], parts["account"]
        known = self._entry(arn)
        with known.lock:
            now = self._clock()
            if now < self._refused_until.get(place, -math.inf):
                return None
            if now >= known.until:
                try:
                    known.name = self._ask(arn, place)
                except SourceError:
                    if known.until == -math.inf:
                        raise
                else:
                    known.until = now + _KEPT_SECONDS
            return known.name

    def _entry(self, arn: str) -> _Known:
        with self._lock:
            known = self._known.setdefault(arn, _Known())
            self._known.move_to_end(arn)
            if len(self._known) > self._kept_max:
                self._known.popitem(last=False)
            return known

    def _ask(self, arn: str, place: tuple[str, str]) -> str | None:
        try:
            answer = self._client_of_region(place[0]).describe_tags(ResourceArns=[arn])
        except AWS_ERRORS as error:
            code = _code(error)
            if code.startswith("AccessDenied"):
                self._refuse(place)
                return None
            if code in _UNKNOWN_CODES:
                return None
            found = source_error(error, f"read the tags of {arn}", "", _HINT)
            found.permanent = False
            raise found from error
        tags = {tag["Key"]: tag.get("Value", "") for each in answer["TagDescriptions"] for tag in each.get("Tags", ())}
        value: str | None = tags.get(self._tag_key)
        if value is None or _SERVICE_NAME.fits(value):
            return value
        self._note(f"the tag {self._tag_key} of {arn} is not used: expected {_SERVICE_NAME.expected}")
        return None

    def _refuse(self, place: tuple[str, str]) -> None:
        with self._lock:
            is_news = place not in self._refused_until
            self._refused_until[place] = self._clock() + _KEPT_SECONDS
        if is_news:
            region, account = place
            self._note(
                f"AWS does not let this shipper read tags of account {account} in {region} (elasticloadbalancing:DescribeTags): "
                "its load balancers go by alb_logs.services or their own names"
            )


def _code(error: AwsError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
