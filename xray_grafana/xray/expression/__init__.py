"""X-Ray's filter-expression language: text in, a tree out, or ExpressionError with the column. Nothing is evaluated here.

Sources: X-Ray Developer Guide, "Using filter expressions"; captured answers of X-Ray for precedence, parentheses, juxtaposition and texts
of errors.
"""

from xray_grafana.xray.expression.parse import parse_filter, parse_selector
from xray_grafana.xray.expression.tokens import ExpressionError
from xray_grafana.xray.expression.tree import Expression, NodeId, Selector

__all__ = ["Expression", "ExpressionError", "NodeId", "Selector", "parse_filter", "parse_selector"]
