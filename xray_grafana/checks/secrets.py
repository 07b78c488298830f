"""XG60x: secrets in clear, anywhere in the bundle. XG61x: what the config asks for and the bundle lacks. No message repeats a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.checks.context import Context, is_secret_reference
from xray_grafana.checks.documents import Key, documents_at, pointer, shown, text_at, value_at
from xray_grafana.checks.rule import Fault, Place, rule
from xray_grafana.config.models import source_region

_SECRET_KEY: Final = re.compile(
    r".*(?:password|passwd|passphrase|secret_?(?:access_?)?key|access_?key(?:_?id)?|api_?key|(?:^|bearer|access|session|auth|api)_?token)|secret|httpHeaderValue\d+",
    re.IGNORECASE,
)


_SECRET_ACCESS_KEY: Final = re.compile(r"[sS]ecret[_-]?(?:[aA]ccess[_-]?)?[kK]ey[\"'\s:=]+[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])")
_TENANT_HEADER: Final = "X-Scope-OrgID"
_HEADER_NAME: Final = "httpHeaderName"


class _Shape(NamedTuple):
    name: str
    hint: str
    pattern: re.Pattern[str]


# Each hint is part of every match and found much faster than the pattern.
_SHAPES: Final = (
    _Shape("an AWS access key id", "AKIA", re.compile(r"\bAKIA[A-Z0-9]{16}\b")),
    _Shape("a temporary AWS access key id", "ASIA", re.compile(r"\bASIA[A-Z0-9]{16}\b")),
    _Shape("a Grafana Cloud token", "glc_", re.compile(r"\bglc_[\w+/=-]{20,}")),
    _Shape("a Grafana service-account token", "glsa_", re.compile(r"\bglsa_\w{20,}")),
    _Shape("a private key", "PRIVATE KEY-----", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    _Shape(
        "an AWS secret access key",
        "ecret",
        _SECRET_ACCESS_KEY,
    ),
    _Shape("a user or password in a URL", "://", re.compile(r"://[^\s/?#@\"'<>`]+@")),
)


@rule(
    "XG601",
    "Secret settings are references",
    reason="the bundle is committed and mounted: whoever reads it has the secret",
    remedy="write $__env{NAME} or $__file{/path}, and rotate the secret if it was committed",
)
def _literal_setting(context: Context) -> Iterator[Fault]:
    tenants = set(_tenants(context))
    for outer, leaf in context.leaves:
        if leaf.value and _is_secret_key(leaf.path) and not is_secret_reference(leaf.value):
            place = outer.within(pointer(leaf.path))
            if place not in tenants:
                yield Fault(place, "holds a literal text, expected a reference to a secret")


def _tenants(context: Context) -> Iterator[Place]:
    """Header values that are no secret, although Grafana keeps every header value among the secrets."""
    for source in context.datasources:
        for key, name in source.settings.items():
            if name == _TENANT_HEADER and key.startswith(_HEADER_NAME):
                number = key.removeprefix(_HEADER_NAME)
                yield Place(source.place.path, f"{source.place.pointer}.secureJsonData.httpHeaderValue{number}")


def _is_secret_key(path: tuple[Key, ...]) -> bool:
    return "secureJsonData" in path or _names_a_secret(path[-1])


@lru_cache(maxsize=1024)
def _names_a_secret(key: Key) -> bool:
    return isinstance(key, str) and _SECRET_KEY.fullmatch(key) is not None


@rule(
    "XG602",
    "No text looks like a secret",
    reason="the bundle is committed and mounted: whoever reads it has the secret",
    remedy="take it out, put a reference in its place, and rotate the secret if it was committed",
)
def _literal_secret(context: Context) -> Iterator[Fault]:
    texts = {leaf.value for _, leaf in context.leaves if leaf.value}
    found = {text: secrets for text in texts if (secrets := tuple(_secrets_in(text)))}
    for place, leaf in context.leaves if found else ():
        for name, _ in found.get(leaf.value or "", ()):
            yield Fault(place.within(pointer(leaf.path)), f"holds {name}, expected none")
    for artifact in context.bundle:
        if isinstance(artifact.content, str):
            for name, start in _secrets_in(artifact.content):
                line = artifact.content.count("\n", 0, start) + 1
                yield Fault(Place(artifact.path, f"line {line}"), f"holds {name}, expected none")


def _secrets_in(text: str) -> Iterator[tuple[str, int]]:
    """What a text holds that looks like a secret, and where it begins."""
    for shape in _SHAPES:
        if shape.hint in text:
            yield from ((shape.name, match.start()) for match in shape.pattern.finditer(text))


@rule(
    "XG610",
    "Every X-Ray source of the config is in the bundle",
    reason="boards and alert rules ask a source that Grafana does not have, or that reads another region",
    remedy="generate the bundle again from this config",
)
def _source_missing(context: Context) -> Iterator[Fault]:
    made = {source.uid: source for source in context.datasources if source.type == contract.XRAY_PLUGIN_ID}
    path = context.datasource_files[0].path if context.datasource_files else "provisioning/datasources"
    for wanted in context.config.xray.sources:
        source = made.get(wanted.uid)
        if source is None:
            yield Fault(
                Place(path, "datasources"), f"no X-Ray data source has uid {shown(wanted.uid)}, expected one for the source of the config"
            )
        elif (got := value_at(source.settings, "defaultRegion")) != (region := source_region(context.config, wanted)):
            yield Fault(source.place, f"jsonData.defaultRegion is {shown(got)}, expected {region} as in the config")


@rule(
    "XG611",
    "A provider tells Grafana where the boards are",
    reason="Grafana loads no board, without a word",
    remedy="add a provider with options.path to provisioning/dashboards",
)
def _provider_path(context: Context) -> Iterator[Fault]:
    if context.boards and not any(documents_at(artifact.document, "providers") for artifact in context.provider_files):
        yield Fault(Place("provisioning/dashboards", ""), f"no provider for {len(context.boards)} boards, expected one")
    for artifact in context.provider_files:
        for index, provider in enumerate(documents_at(artifact.document, "providers")):
            if not text_at(provider, "options", "path"):
                got = shown(value_at(provider, "options", "path"))
                yield Fault(Place(artifact.path, f"providers[{index}]"), f"options.path is {got}, expected a folder")


RULES: Final = (_literal_setting, _literal_secret, _source_missing, _provider_path)
