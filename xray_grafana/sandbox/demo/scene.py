"""Where the demo takes place: the services with what they run on and are traced with, the load balancer, the rate of requests."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from xray_grafana.contract import SANDBOX_ACCOUNT, SANDBOX_REGION
from xray_grafana.sandbox.demo.chance import chance_of

DAY_SECONDS: Final = 86_400
DOMAIN: Final = "shop.example.com"
LOAD_BALANCER: Final = "app/shop/50dc6c495c0c9188"
# One address in each of two zones: a load balancer logs for each of its nodes apart.
NODES: Final = ("10.0.3.7", "10.0.4.7")
PROVIDER: Final = "api.payments.example.com"
# The hour, UTC, of which each day's rate is the mean, on its way up: the peak is six hours later.
_MEAN_HOUR: Final = 10


class Rate(NamedTuple):
    """Requests a second: a mean, the share by which a day's shape swings around it, and the share by which each minute strays from that."""

    mean: float = 3.5
    swing: float = 0.4
    noise: float = 0.15

    def at(self, seed: int, second: int) -> float:
        """Requests expected in that second since 1970."""
        turn = 2 * math.pi * (second / DAY_SECONDS - _MEAN_HOUR / 24)
        return self.mean * (1 + self.swing * math.sin(turn)) * (1 + self.noise * _strays(seed, second // 60))


@lru_cache(maxsize=256)
def _strays(seed: int, minute: int) -> float:
    return chance_of(seed, "rate", minute).uniform(-1, 1)


class Scene(NamedTuple):
    """What stays the same: where the shop runs and how busy it is. `account` has twelve digits."""

    account: str = SANDBOX_ACCOUNT
    region: str = SANDBOX_REGION
    rate: Rate = Rate()

    @property
    def target_group_arn(self) -> str:
        """Of the storefront, the only service that the load balancer reaches."""
        return f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:targetgroup/storefront/73e2d6bc24d8a067"

    @property
    def certificate_arn(self) -> str:
        """Of the load balancer."""
        return f"arn:aws:acm:{self.region}:{self.account}:certificate/12345678-1234-1234-1234-123456789012"


LogForm = Literal["json xray", "json w3c", "json traceparent", "logfmt xray", "logfmt w3c"]


class Service(NamedTuple):
    """One service of the shop.

    host          under which others call it; where it is not the service's name, the graph's edge gets an alias
    origin        X-Ray's word for what it runs on
    sdk           as `aws.xray.sdk` names it
    log_form      how its log lines are written, and the trace id in them
    """

    name: str
    host: str
    origin: str
    sdk: str
    sdk_version: str
    version: str
    log_form: LogForm

    @property
    def by_opentelemetry(self) -> bool:
        """Whether a collector sends its documents: subsegments then come apart from their segment."""
        return self.sdk.startswith("opentelemetry")


STOREFRONT: Final = Service("storefront", "storefront", "AWS::EKS::Container", "X-Ray for Python", "2.14.0", "5.12.1", "json xray")
CART: Final = Service("cart", "cart", "AWS::EKS::Container", "opentelemetry for nodejs", "1.30.1", "1.48.0", "json w3c")
CHECKOUT: Final = Service("checkout", "checkout", "AWS::EKS::Container", "X-Ray for Python", "2.14.0", "2.7.3", "logfmt xray")
PAYMENTS: Final = Service(
    "payments", "payments.shop.svc.cluster.local", "AWS::EKS::Container", "opentelemetry for java", "1.49.0", "3.3.0", "logfmt w3c"
)
INVENTORY: Final = Service("inventory", "inventory", "AWS::ECS::Container", "X-Ray for Go", "1.8.5", "0.92.4", "json traceparent")
SERVICES: Final = (STOREFRONT, CART, CHECKOUT, PAYMENTS, INVENTORY)
