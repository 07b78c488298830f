"""What builders make: named documents that know their format and nothing of a disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

# JSON as plain dicts, lists and scalars; what it may hold is the business of the schema gates, not of this type.
JsonValue: TypeAlias = Any
Document: TypeAlias = dict[str, JsonValue]


class Format(Enum):
    """How a document becomes bytes."""

    JSON = "json"
    YAML = "yaml"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a bundle: `path` is relative and POSIX; `content` is a document, or the text itself for TEXT.

    `notes` are lines for the reader, written as comments at the head of the file; of the formats only YAML has comments.
    """

    path: str
    format: Format
    content: Document | str
    notes: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for notes that the format cannot hold."""
        if self.notes and self.format is not Format.YAML:
            raise ValueError(f"{self.path}: {self.format.value} has no comments")

    @property
    def part(self) -> str:
        """The top-level folder it belongs to, or its own name when it lies at the top."""
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The file's name without its last extension."""
        return self.name.rpartition(".")[0]

    @property
    def document(self) -> Document:
        """The content of a JSON or YAML artifact. Raises TypeError for text."""
        if isinstance(self.content, str):
            raise TypeError(f"{self.path} is text, not a document")
        return self.content


@dataclass(frozen=True, slots=True)
class Bundle:
    """All files of one render, sorted by path, each path once."""

    artifacts: tuple[Artifact, ...]

    @classmethod
    def of(cls, artifacts: Iterable[Artifact]) -> Bundle:
        """The artifacts in the order of their paths. Raises ValueError for a path that stands twice."""
        ordered = tuple(sorted(artifacts, key=lambda artifact: artifact.path))
        paths = [artifact.path for artifact in ordered]
        if twice := {path for path in paths if paths.count(path) > 1}:
            raise ValueError(f"made twice: {', '.join(sorted(twice))}")
        return cls(ordered)

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self.artifacts)

    def __getitem__(self, path: str) -> Artifact:
        for artifact in self.artifacts:
            if artifact.path == path:
                return artifact
        raise KeyError(path)
