"""What can go wrong, sorted by what the reader can do about it.

    XRayGrafanaError          exit 1   one line to read, one hint to follow
    ├── ConfigError           exit 2   every mistake of a config file or an override, with its place
    ├── UsageError            exit 2   a command line that cannot be carried out as given
    ├── BundleError           exit 2   the config asks for more than can be made; nothing was written
    ├── OutputError           exit 1   the output folder could not be read or written; nothing was half done
    ├── SourceError           exit 1   a log object, file or queue could not be read
    └── LokiError             exit 1   Loki refused for good, or could not be reached in time

Raised where the fact is known, printed once by the command line, on stderr. `str()` of an error is its whole text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class XRayGrafanaError(Exception):
    """Base of all errors meant for a reader: what failed, on what (`where`), and what to do (`hint`)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, summary: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}{self.summary}{hint}"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in a config: its place, its key, what was got and what is expected. Lines and columns count from 1."""

    source: str
    line: int | None
    column: int | None
    key: str
    got: str
    expected: str
    hint: str | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place} {self.key}: got {self.got} — expected {self.expected}{hint}"


class ConfigError(XRayGrafanaError):
    """All mistakes of one config, in the order of the file."""

    exit_code = 2

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} mistake{'s' if count != 1 else ''} in the config")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems) + f"\n{self.summary}; nothing was written"


class UsageError(XRayGrafanaError):
    """The command cannot be carried out as it was given."""

    exit_code = 2


class BundleError(XRayGrafanaError):
    """The config asks for more than can be made."""

    exit_code = 2


class OutputError(XRayGrafanaError):
    """The output folder could not be read or written."""


class SourceError(XRayGrafanaError):
    """A log object, file or queue could not be read. `permanent`: trying again will not help."""

    def __init__(self, summary: str, *, where: str | None = None, hint: str | None = None, permanent: bool = False) -> None:
        super().__init__(summary, where=where, hint=hint)
        self.permanent = permanent


class LokiError(XRayGrafanaError):
    """Loki refused for good, or could not be reached in time.

    permanent  it refuses everything, whatever is sent: the address, the tenant or the credentials
    stopped    the wait was ended because the program was told to end
    """

    def __init__(
        self, summary: str, *, where: str | None = None, hint: str | None = None, permanent: bool = False, stopped: bool = False
    ) -> None:
        super().__init__(summary, where=where, hint=hint)
        self.permanent = permanent
        self.stopped = stopped
