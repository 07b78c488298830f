"""Images in the account's own registry (ECR), by registry, repository and tag: what a push script needs of a reference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EcrImage:
    """An image in the account's own registry."""

    registry: str
    repository: str
    tag: str

    @property
    def reference(self) -> str:
        """As Deployments and functions name it."""
        return f"{self.registry}/{self.repository}:{self.tag}"


def image_in(registry: str, reference: str) -> EcrImage | None:
    """The image that a reference names by a tag in this registry; None for another registry, and for a digest, which nobody can choose."""
    host, _, path = reference.partition("/")
    repository, _, tag = path.partition(":")
    return EcrImage(registry, repository, tag) if host == registry and tag and "@" not in path else None
