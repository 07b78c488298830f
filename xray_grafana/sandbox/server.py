"""The sandbox as a whole: the store, what fills it, and the sockets it is reached by, started together and stopped together."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from xray_grafana.contract import SANDBOX_ACCOUNT, SANDBOX_REGION
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.addresses import Address, address_of, bound, shown
from xray_grafana.sandbox.api.answers import Answers
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.derivation.derive import Derivation
from xray_grafana.sandbox.http import HttpServer
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.intake.udp import UdpServer
from xray_grafana.sandbox.sampling.rule import Rule
from xray_grafana.sandbox.sampling.sampling import Sampling
from xray_grafana.sandbox.store.retention import Retention
from xray_grafana.sandbox.store.store import Store

# AWS General Reference, "X-Ray endpoints and quotas": traces are kept for 30 days.
RETENTION_SECONDS: Final = 30 * 24 * 3600.0
_DOCS: Final = "docs/sandbox.md"
# A free UDP port may be taken in TCP.
_TRIES: Final = 20


@dataclass(frozen=True)
class Settings:
    """What a sandbox is started with.

    data            the database's file; None keeps it in memory
    http            where the API is served; port 0 is any free one
    udp             where datagrams are taken, and the API is served as well, as the X-Ray daemon does
    sampling_rules  a file of rules that win over stored ones
    account         twelve digits
    """

    data: Path | None
    http: Address
    udp: Address
    sampling_rules: Path | None = None
    region: str = SANDBOX_REGION
    account: str = SANDBOX_ACCOUNT


class Sandbox:
    """A context: started when made, stopped when left, with everything stored that was taken.

    Making one raises OutputError for a database or a port that cannot be had, and ConfigError for a faulty file of sampling rules.
    `note` is told, in one line each, what a person should know, such as traces that cannot be read; datagrams that are lost are counted.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.time, note: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        rules = () if settings.sampling_rules is None else _rules_of(settings.sampling_rules)
        with ExitStack() as stack:
            self.http_address, self.udp_address, servers, datagrams = _listening(settings, stack)
            self.store = Store.open(settings.data)
            stack.callback(self.store.close)
            sampling = Sampling(self.store, region=settings.region, account=settings.account, now=now, rules=rules)
            self.ingest = Ingest(self.store, now=now)
            stack.callback(self.ingest.close)
            self.derivation = Derivation(self.store, arrived=lambda: self.ingest.counts().segments, note=note)
            stack.callback(self.derivation.close)
            stack.callback(Retention(self.store, RETENTION_SECONDS, now=now, note=note).close)
            self.context = Context(self.store, self.ingest, sampling, settings.region, settings.account, now)
            answers = Answers(self.context, self.settle, self._welcome, note)
            for each in servers:
                stack.callback(HttpServer(each, answers.answer, note).close)
            stack.callback(UdpServer(datagrams, self.ingest.offer, self.ingest.lose, note).close)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def settle(self, timeout: float) -> bool:
        """Waits until what was put can be read, at most so many seconds; whether it can."""
        return self.derivation.settle(timeout)

    def _welcome(self) -> str:
        counts = self.ingest.counts()
        return (
            "This is the sandbox of xray-grafana: a local AWS X-Ray for development and tests.\n\n"
            f"API            http://{shown(self.http_address)}   (aws xray … --endpoint-url)\n"
            f"Segments       AWS_XRAY_DAEMON_ADDRESS={shown(self.udp_address)}\n"
            f"OpenTelemetry  http://{shown(self.http_address)}/v1/traces\n"
            f"Documentation  {_DOCS}\n\n"
            f"Since the start: {counts.segments} segments of {counts.traces} traces stored, {counts.rejected} rejected, "
            f"{counts.datagrams_bad} bad datagrams, {counts.datagrams_lost} lost.\n"
        )


def _listening(settings: Settings, stack: ExitStack) -> tuple[Address, Address, list[socket.socket], socket.socket]:
    """Where the API is served and where datagrams are taken, the sockets of the API, and that of the datagrams."""
    servers = [stack.enter_context(bound("tcp", settings.http))]
    if settings.http == settings.udp and settings.udp[1]:
        datagrams = stack.enter_context(bound("udp", settings.udp))
    else:
        daemon, datagrams = _pair(settings.udp)
        servers.append(stack.enter_context(daemon))
        stack.enter_context(datagrams)
    return address_of(servers[0]), address_of(datagrams), servers, datagrams


def _rules_of(path: Path) -> tuple[Rule, ...]:
    from xray_grafana.sandbox.sampling.file import load_rules  # and with it all that reads the config: half of the time of a start

    return load_rules(path)


def _pair(address: Address) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on one port."""
    for _ in range(_TRIES):
        listening = bound("tcp", address)
        try:
            return listening, bound("udp", (address[0], address_of(listening)[1]))
        except OutputError:
            listening.close()
            if address[1]:
                raise
    raise OutputError("no port is free in both TCP and UDP", where=shown(address), hint="name a port")
