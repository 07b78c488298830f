"""What became of each line that was read: every line is in exactly one of the four outcomes."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(slots=True)
class Counts:
    """Lines.

    read        lines of the object, the one without a newline at its end included
    shipped     taken by Loki, every field that matters readable
    rejected    refused by Loki, or too long to be sent
    unreadable  taken by Loki as they are, with the reason in the metadata `parse_error`
    skipped     blank
    """

    read: int = 0
    shipped: int = 0
    rejected: int = 0
    unreadable: int = 0
    skipped: int = 0

    def add(self, other: Counts) -> None:
        """Adds the other's lines to these."""
        self.read += other.read
        self.shipped += other.shipped
        self.rejected += other.rejected
        self.unreadable += other.unreadable
        self.skipped += other.skipped

    @property
    def is_balanced(self) -> bool:
        """Whether each line that was read has one outcome."""
        read, *outcomes = astuple(self)
        return bool(read == sum(outcomes))
