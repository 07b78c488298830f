"""Pages of a list that is made anew for each: which part a request asks for, and the token of the next one.

Tokens are the numbers that this sandbox handed out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import whole

_Item = TypeVar("_Item")
_TOKEN_DIGITS: Final = 9


class Page(NamedTuple):
    """At most so many items from `begin` on, which counts from 0."""

    begin: int
    most: int

    def of(self, everything: Sequence[_Item]) -> Sequence[_Item]:
        """The items on it."""
        return everything[self.begin : self.begin + self.most]

    def token(self, everything: Sequence[object]) -> str | None:
        """`NextToken` of the answer; None on the last page."""
        return str(self.begin + self.most) if self.begin + self.most < len(everything) else None


def page(request: Mapping[str, Any], most: int) -> Page:
    """The page that `NextToken` names, the first without one. ApiError for a token that is none."""
    token = request.get("NextToken")
    if token is None:
        return Page(0, most)
    if not isinstance(token, str) or not (token.isascii() and token.isdigit()) or len(token) > _TOKEN_DIGITS:
        raise ApiError(f"Invalid token {token}")
    return Page(int(token), most)


def sized_page(request: Mapping[str, Any], most: int) -> Page:
    """The same for calls whose `MaxResults` may ask for fewer items."""
    return page(request, whole(request, "MaxResults", least=1, most=most) or most)
