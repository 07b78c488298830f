"""The services behind load balancers and target groups, from the config's mapping to what the shipper reads in its environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

# AWS Lambda measures all variables of a function as one JSON object, 4 KB at most:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
# A quarter is left to Loki's address, tenant, user and secret, of which the stack gets some only when it is deployed.
LAMBDA_BYTES: Final = 3072


def services_variable(services: Mapping[str, str]) -> str | None:
    """The value of contract.SERVICES_VARIABLE: a JSON object in ASCII, sorted, without blanks; None when nothing is mapped."""
    return json.dumps(dict(services), sort_keys=True, separators=(",", ":")) if services else None


def lambda_bytes(value: str) -> int:
    """What the value takes of a function's environment: its length as a JSON text, where each quote is two bytes."""
    return len(json.dumps(value))
