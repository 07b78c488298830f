"""One request played through the services: a clock that only this request has, and what each service did while it ran.

Services' own doings are functions from a `Play` and a `Visit` (`shop.py`); here is what they have in common: time, calls, tables, queues.
Times are seconds since 1970. Details of subsegments are in the words of X-Ray segment documents (X-Ray Developer Guide).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from xray_grafana.sandbox.demo.chance import hex_id, seconds_around
from xray_grafana.sandbox.demo.incidents import Effects
from xray_grafana.sandbox.demo.scene import PROVIDER, Scene, Service

Level: TypeAlias = Literal["info", "warn", "error"]
Namespace: TypeAlias = Literal["remote", "aws"]

THROTTLED: Final = "ProvisionedThroughputExceededException"
_THROTTLED_WORDS: Final = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the "
    "UpdateTable API."
)
_NETWORK_SECONDS: Final = 0.0004
_TABLE_SECONDS: Final = 0.006
_QUEUE_SECONDS: Final = 0.009
_DATABASE_SECONDS: Final = 0.011
_PROVIDER_SECONDS: Final = 0.18
_PROVIDER_PATIENCE_SECONDS: Final = 2.5


class Customer(NamedTuple):
    """Who asks."""

    name: str
    tenant: str
    address: str
    user_agent: str


class Trouble(NamedTuple):
    """An exception. `remote`: it came from what was called."""

    id: str
    type: str
    message: str
    remote: bool = False


class Note(NamedTuple):
    """What a service logs beside its requests."""

    time: float
    level: Level
    message: str


@dataclass(slots=True)
class Step:
    """Something a service waited for. `status`: the answer's, None where there is none; `details`: further members of the subsegment."""

    id: str
    name: str
    namespace: Namespace
    start: float
    end: float = 0.0
    status: int | None = None
    trouble: Trouble | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """What one service did with one request. `parent` is the step of the caller; None for what the load balancer sent."""

    service: Service
    id: str
    parent: str | None
    method: str
    path: str
    start: float
    version: str
    end: float = 0.0
    status: int = HTTPStatus.OK
    trouble: Trouble | None = None
    steps: list[Step] = field(default_factory=list)
    annotations: dict[str, str | int | float | bool] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


Handler: TypeAlias = Callable[["Play", Visit], None]


class Play:
    """A request under way. `now` is its clock, `visits` are in order of start."""

    def __init__(self, chance: random.Random, scene: Scene, effects: Effects, customer: Customer, start: float) -> None:
        self.chance = chance
        self.scene = scene
        self.effects = effects
        self.customer = customer
        self.now = start
        self.visits: list[Visit] = []

    def work(self, seconds: float) -> None:
        """Lets about so much time pass."""
        self.now += seconds_around(self.chance, seconds)

    def happens(self, share: float) -> bool:
        """True in that share of cases."""
        return self.chance.random() < share

    def serve(self, service: Service, method: str, path: str, handler: Handler, *, parent: str | None = None) -> Visit:
        """Has a service handle a request."""
        version = self.effects.checkout_version if service.name == "checkout" else service.version
        visit = Visit(service, hex_id(self.chance, 16), parent, method, path, self.now, version)
        self.visits.append(visit)
        handler(self, visit)
        visit.end = self.now
        return visit

    def call(self, caller: Visit, service: Service, method: str, path: str, handler: Handler) -> Visit:
        """Has one service ask another."""
        step = self._begin(caller, service.host, "remote")
        self.work(_NETWORK_SECONDS)
        visit = self.serve(service, method, path, handler, parent=step.id)
        self.work(_NETWORK_SECONDS)
        step.details = {"http": {"request": {"method": method, "url": f"http://{service.host}{path}"}}}
        self._finish(step, visit.status)
        return visit

    def table(self, visit: Visit, table: str, operation: str) -> bool:
        """A call to DynamoDB; False when it is throttled."""
        step = self._begin(visit, "DynamoDB", "aws")
        slowdown = self.effects.table_slowdown if table == "inventory" else 1.0
        self.work(_TABLE_SECONDS * slowdown)
        is_throttled = table == "carts" and self.happens(self.effects.throttled)
        step.details = self._of_aws(operation, {"table_name": table, "retries": 3 if is_throttled else 0})
        if is_throttled:
            step.trouble = Trouble(hex_id(self.chance, 16), THROTTLED, _THROTTLED_WORDS, remote=True)
        # DynamoDB throttles with status 400; the SDKs know it by the exception.
        self._finish(step, HTTPStatus.BAD_REQUEST if is_throttled else HTTPStatus.OK)
        return not is_throttled

    def queue(self, visit: Visit, queue: str) -> None:
        """A message into SQS."""
        step = self._begin(visit, "SQS", "aws")
        self.work(_QUEUE_SECONDS)
        url = f"https://sqs.{self.scene.region}.amazonaws.com/{self.scene.account}/{queue}"
        step.details = self._of_aws("SendMessage", {"queue_url": url})
        self._finish(step, HTTPStatus.OK)

    def database(self, visit: Visit, database: str, query: str) -> None:
        """A query to the SQL database."""
        step = self._begin(visit, f"{database}@db.shop.internal", "remote")
        self.work(_DATABASE_SECONDS)
        step.details = {
            "sql": {
                "url": f"postgresql://db.shop.internal:5432/{database}",
                "database_type": "PostgreSQL",
                "user": visit.service.name,
                "sanitized_query": query,
            }
        }
        self._finish(step, None)

    def provider(self, visit: Visit) -> Trouble | None:
        """A payment at the outside provider; what went wrong, if anything did."""
        step = self._begin(visit, PROVIDER, "remote")
        status = int(HTTPStatus.CREATED)
        if not self.happens(self.effects.provider_failures):
            self.work(_PROVIDER_SECONDS)
        elif self.happens(0.3):
            self.now += _PROVIDER_PATIENCE_SECONDS
            message = f"no answer from {PROVIDER} within {_PROVIDER_PATIENCE_SECONDS:g} s"
            status = HTTPStatus.GATEWAY_TIMEOUT
            step.trouble = Trouble(hex_id(self.chance, 16), "java.net.http.HttpTimeoutException", message, remote=True)
        else:
            self.work(_PROVIDER_SECONDS / 4)
            status = HTTPStatus.SERVICE_UNAVAILABLE
            step.trouble = Trouble(hex_id(self.chance, 16), "ProviderUnavailableException", f"{PROVIDER} answered 503", remote=True)
        step.details = {"http": {"request": {"method": "POST", "url": f"https://{PROVIDER}/v1/charges"}}}
        self._finish(step, status)
        return step.trouble

    def fail(self, visit: Visit, status: int, kind: str, message: str) -> None:
        """Ends a service's request by an exception."""
        visit.status = status
        visit.trouble = Trouble(hex_id(self.chance, 16), kind, message)
        level: Level = "error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "warn"
        self.note(visit, level, f"{kind}: {message}")

    def note(self, visit: Visit, level: Level, message: str) -> None:
        """Has the service log something."""
        visit.notes.append(Note(self.now, level, message))

    def _begin(self, visit: Visit, name: str, namespace: Namespace) -> Step:
        step = Step(hex_id(self.chance, 16), name, namespace, self.now)
        visit.steps.append(step)
        return step

    def _finish(self, step: Step, status: int | None) -> None:
        step.end, step.status = self.now, status
        if status is not None:
            step.details.setdefault("http", {})["response"] = {"status": int(status), "content_length": self.chance.randrange(40, 4000)}

    def _of_aws(self, operation: str, details: dict[str, Any]) -> dict[str, Any]:
        own = {"operation": operation, "region": self.scene.region, "request_id": hex_id(self.chance, 32).upper()}
        return {"aws": own | details}
