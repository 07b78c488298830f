"""Folders as values: what is written into one by hand, and what stands in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes files as a person would, without a record."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every file and link below a folder, hidden ones too, and every empty folder; a link is shown by its target."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[f"{name}/"] = b""
    return found


def visible(folder: Path) -> dict[str, bytes | str]:
    """The same without the program's record."""
    return {path: content for path, content in tree(folder).items() if path != ".xray-grafana.json"}
