"""What a starting sandbox says: where it is, what to set so that SDKs, the AWS CLI and Grafana use it, and what to beware of."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from xray_grafana.alb.fields import printable
from xray_grafana.contract import DAEMON_ADDRESS_VARIABLE, XRAY_ENDPOINT_VARIABLE, XRAY_PLUGIN_ID
from xray_grafana.sandbox.addresses import Address, shown
from xray_grafana.sandbox.sampling.rule import DEFAULT_RULE, Rule

_NAMES_SHOWN: Final = 3


class Running(NamedTuple):
    """A sandbox that runs: real addresses, and how it was started.

    rules  of sampling, all that there are, in the order in which they are asked
    seed   None without the demo
    """

    http: Address
    udp: Address
    region: str
    account: str
    data: Path | None
    rules: tuple[Rule, ...]
    seed: int | None


def _on_this_machine(address: Address) -> str:
    """The address as programs of this machine reach it: what is bound to every address is not one to send to."""
    host, port = address
    loopback = "::1" if ":" in host else "127.0.0.1"
    return shown((loopback if ip_address(host).is_unspecified else host, port))


def environment(running: Running) -> dict[str, str]:
    """What to set for SDKs (the first) and for the AWS CLI and boto3 (the second)."""
    return {
        DAEMON_ADDRESS_VARIABLE: _on_this_machine(running.udp),
        XRAY_ENDPOINT_VARIABLE: f"http://{_on_this_machine(running.http)}",
    }


def json_line(running: Running) -> str:
    """One line for scripts."""
    document = {
        "http": f"http://{_on_this_machine(running.http)}",
        "udp": _on_this_machine(running.udp),
        "environment": environment(running),
        "region": running.region,
        "account": running.account,
        "data": None if running.data is None else str(running.data),
    }
    return json.dumps(document)


def exposed(*addresses: Address) -> str | None:
    """A warning, where an address can be reached from elsewhere."""
    open_to_all = [shown(address) for address in addresses if not ip_address(address[0]).is_loopback]
    if not open_to_all:
        return None
    return (
        f"{' and '.join(open_to_all)} can be reached from other machines: there is no authentication, "
        "so whoever reaches it can read every trace and write and delete what it holds"
    )


def banner(running: Running) -> str:
    """Several lines for people."""
    variables = environment(running)
    daemon, endpoint = variables[DAEMON_ADDRESS_VARIABLE], variables[XRAY_ENDPOINT_VARIABLE]
    kept = "in memory: nothing of it is left at the end; --data FILE keeps it" if running.data is None else f"in {running.data}"
    demo = "none" if running.seed is None else f"a shop with traffic and incidents, seed {running.seed}; --no-demo leaves it out"
    return f"""\
A local X-Ray of account {running.account} in {running.region}; any credentials will do. Ctrl-C ends it.

  X-Ray SDKs      export {DAEMON_ADDRESS_VARIABLE}={daemon}
  OpenTelemetry   export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={endpoint}/v1/traces
                  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
  boto3, AWS CLI  export {XRAY_ENDPOINT_VARIABLE}={endpoint}
                  aws xray get-trace-summaries --no-sign-request --endpoint-url {endpoint} --region {running.region} \\
                    --start-time $(($(date +%s) - 900)) --end-time $(date +%s)
  One trace       xray-grafana trace ID --endpoint-url {endpoint}
  Grafana         a file in provisioning/datasources/, and any value for both variables:

{_indented(datasource(endpoint, running.region))}
  Sampling        {_sampling(running.rules)}
  Kept            {kept}
  Demo            {demo}
"""


def _sampling(rules: tuple[Rule, ...]) -> str:
    """What SDKs are told to trace."""
    (default,) = (rule for rule in rules if rule["RuleName"] == DEFAULT_RULE)
    names = [printable(rule["RuleName"]) for rule in rules if rule is not default]
    rate = f"{default['FixedRate'] * 100:g} %"
    if names:
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        return f"by {'1 rule' if len(names) == 1 else f'{len(names)} rules'}, {', '.join(names[:_NAMES_SHOWN])}{more}; else {rate}"
    if default["FixedRate"] == 1:
        return f"{rate}: SDKs are told to trace every request"
    return f"{rate} of all requests, after the first {default['ReservoirSize']} of each second"


def datasource(endpoint: str, region: str) -> str:
    """A data source as Grafana provisions it: keys of the X-Ray plugin 2.17.1, src/types.ts."""
    return f"""\
apiVersion: 1
datasources:
  - name: X-Ray sandbox
    uid: xray
    type: {XRAY_PLUGIN_ID}
    jsonData: {{authType: keys, defaultRegion: {region}, endpoint: "{endpoint}"}}
    secureJsonData: {{accessKey: $SANDBOX_ACCESS_KEY_ID, secretKey: $SANDBOX_SECRET_ACCESS_KEY}}
"""


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
