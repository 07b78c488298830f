"""Which node of the service graph a segment, or a call that no segment answered, stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.xray.calls import AWS, AWS_RESOURCES, REMOTE
from xray_grafana.xray.members import block, storable, text
from xray_grafana.xray.spans import Span

_CLIENT: Final = "client"
_DATABASE: Final = "Database::SQL"

# Name of an AWS service, in lower case, to the member of `aws` that names the resource, and the node's type.
_RESOURCES: Final[Mapping[str, tuple[str, str]]] = {each.service: (each.member, each.node_type) for each in AWS_RESOURCES if each.node_type}
# Members of `aws` that name the resource of a call.
RESOURCE_MEMBERS: Final = tuple(member for member, _ in _RESOURCES.values())


def segment_node(segment: Span) -> Node:
    """The service a segment speaks for. Its type is the segment's origin, None without one (captured answers of X-Ray)."""
    document = segment.document
    return Node(storable(segment.name), text(document, "origin"), _account(block(document, "aws")))


def client_node(root: Node) -> Node:
    """Who calls the root: a node of the same name (captured answers of X-Ray)."""
    return root._replace(type=_CLIENT)


def called_node(call: Span) -> Node:
    """Whom a call names, as its caller knows it: the alias of who answered, or, if nobody did, the inferred node.

    An AWS service that is known shows the resource if the call names one; any other is `AWS::` and the subsegment's name.
    """
    document = call.document
    name = storable(call.name)
    if document.get("namespace") != AWS:
        return Node(name, _DATABASE if isinstance(document.get("sql"), dict) else REMOTE)
    aws = block(document, "aws")
    member, kind = _RESOURCES.get(name.lower(), ("", ""))
    resource = text(aws, member) if member else None
    if resource is None:
        return Node(name, f"AWS::{name}", _account(aws))
    return Node(resource, kind, _account(aws))


def is_unanswered(call: Span) -> bool:
    """No segment names the call as its parent, and the call is over: X-Ray infers who was called (captured answers of X-Ray)."""
    return call.end is not None and not any(child.is_segment for child in call.children)


def _account(aws: Mapping[str, Any]) -> str | None:
    """The account where it is named, for a resource or service of another account."""
    number = aws.get("account_id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else text(aws, "account_id")
