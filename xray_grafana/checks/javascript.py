"""JavaScript regular expressions, read with Python's engine.

What differs in the expressions of data-source files is the syntax of named groups; a look-behind of varying width, which a browser takes
and Python does not, counts as an error here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_GROUP: Final = re.compile(r"\(\?<(?![=!])")
_BACKREFERENCE: Final = re.compile(r"\\k<(\w+)>")

RegexError = re.error


@lru_cache(maxsize=256)
def compile_javascript(expression: str) -> re.Pattern[str]:
    """The expression as a pattern. Raises RegexError when it does not compile."""
    if "(?P" in expression:
        raise RegexError("(?P…) is Python's, JavaScript writes (?<name>…)", expression, expression.index("(?P"))
    return re.compile(_BACKREFERENCE.sub(r"(?P=\1)", _GROUP.sub("(?P<", expression)))
