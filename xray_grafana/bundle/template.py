"""Pages and scripts from Jinja templates: a package has its own under `templates/`, and all share those of this one."""

from __future__ import annotations

import shlex

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def text_from(package: str, template: str, **values: object) -> str:
    """A template of a package, filled in.

    Nothing is escaped by itself: a value is quoted by the filter `shell`, or by `cell` in a Markdown table.
    Raises jinja2.UndefinedError for a value that is missing.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("xray_grafana.bundle")]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - shell and Markdown, quoted by the filters
    )
    environment.filters |= {"shell": shlex.quote, "cell": _cell}
    return environment.get_template(template).render(**values)


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
