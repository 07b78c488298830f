"""XF10x: what holds for any file: it can be read, is of a known kind, has each key once, and no key pair of AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana.checks.foreign.context import ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule
from xray_grafana.checks.foreign.kinds import DocumentKind
from xray_grafana.checks.foreign.source import Span, Text
from xray_grafana.checks.foreign.tree import Mapping, Node, Scalar, every_node, text_at
from xray_grafana.config.wording import quoted

_KEY_ID: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_SECRET_NAMES: Final = re.compile(r"aws_?(?:secret_?access_?key|session_?token|access_?key_?id)|secret_?access_?key", re.IGNORECASE)
# $(NAME), ${NAME}, $__env{NAME}, <placeholder>: what is filled in elsewhere.
_REFERENCE: Final = re.compile(r"\s*(?:\$.*|<.*>|\{\{.*\}\})?\s*")


_LIMITED: Final[dict[DocumentKind, str]] = {
    "kustomization": "a kustomization, which is not built here",
    "CloudFormation template": "a CloudFormation template, of which only ARNs and names are looked at",
    "unknown": "nothing that is known here; only ARNs, names and AWS keys were looked at",
}


@rule(
    "XF100",
    "A file can be read to its end",
    reason="what cannot be read is not checked",
    remedy="name YAML or JSON files",
)
def _unreadable(context: ForeignContext) -> Iterator[Fault]:
    for text, cause in context.refusals:
        yield Fault(_point(text, cause.offset), cause.message, remedy=cause.remedy)


@rule(
    "XF101",
    "A document is of a kind that has rules",
    reason="a mistake in it is not found here",
    remedy="kubectl kustomize FOLDER | xray-grafana check - reads what a kustomization makes; cfn-lint reads templates",
    severity="note",
)
def _unknown_kind(context: ForeignContext) -> Iterator[Fault]:
    for document, kind in zip(context.documents, context.kinds, strict=True):
        if kind in _LIMITED and document.inside is None:
            yield Fault(document.root, _LIMITED[kind])
    for text in context.empty:
        yield Fault(_point(text, 0), "nothing: the file is empty")


def _point(text: Text, offset: int) -> Scalar:
    return Scalar(text, Span(offset, offset), "", "nothing")


@rule(
    "XF102",
    "A key stands once in its mapping",
    reason="the last one wins in most programs and the first is lost without a word; strict ones refuse the file",
    remedy="keep one, and merge what both hold",
)
def _twice(context: ForeignContext) -> Iterator[Fault]:
    for document in context.documents:
        for key in document.repeated:
            yield Fault(key, f"the key {quoted(key.text)} stands a second time, expected once")


@rule(
    "XF103",
    "No AWS key stands in a file",
    reason="whoever reads the file, its history or the pod's environment has the key, and it never expires by itself; it also wins over "
    "the role that the pod has",
    remedy="take it out, give the pod a role (IRSA or EKS Pod Identity), and revoke the key: it counts as known",
)
def _static_key(context: ForeignContext) -> Iterator[Fault]:
    named = {id(node): (node, name) for node, name in _named_secrets(context)}
    for node, name in named.values():
        yield Fault(node, f"{name} has a literal value, expected none")
    for scalar in context.scalars:
        if id(scalar) not in named and (key := _KEY_ID.search(scalar.text)):
            offset = scalar.source.content.find(key.group(), scalar.span.start, scalar.span.end)
            yield Fault(scalar, "holds an AWS access key id, expected none", offset=max(offset, scalar.span.start))


def _named_secrets(context: ForeignContext) -> Iterator[tuple[Node, str]]:
    """Literal values beside a name that says they are a secret: of a variable, or of a key in a ConfigMap, Secret or values file."""
    for document in context.documents:
        if text_at(document.root, "kind") == "SealedSecret":
            continue
        for node in every_node(document.root):
            if not isinstance(node, Mapping):
                continue
            name, value = text_at(node, "name"), node.entries.get("value")
            if name and value and _SECRET_NAMES.fullmatch(name) and _is_literal(value.node):
                yield value.node, name
            for key, entry in node.entries.items():
                if _SECRET_NAMES.fullmatch(key) and _is_literal(entry.node):
                    yield entry.node, key


def _is_literal(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.is_null and not node.is_tagged and _REFERENCE.fullmatch(node.text) is None


RULES: Final = (_unreadable, _unknown_kind, _twice, _static_key)
