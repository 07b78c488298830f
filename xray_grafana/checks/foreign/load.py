"""Files to one context: every document that can be read, and what could not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xray_grafana.checks.foreign.context import ForeignContext, Refusal
from xray_grafana.checks.foreign.kinds import embedded, parts
from xray_grafana.checks.foreign.read import Document, read_documents
from xray_grafana.checks.foreign.source import MAX_BYTES, Refused, SourceFile, Text, text_of


def load_context(files: Iterable[SourceFile]) -> ForeignContext:
    """The documents of the files in their order. Takes time in proportion to the files; raises nothing."""
    documents: list[Document] = []
    refusals: list[Refusal] = []
    empty: list[Text] = []
    for file in files:
        text = Text(file.name, file.content[:MAX_BYTES].decode(errors="replace").removeprefix("\ufeff"))
        try:
            text = text_of(file)
            found = read_documents(text)
        except Refused as refused:
            refusals.append(Refusal(text, refused))
            continue
        if not found:
            empty.append(text)
        for document in (part for whole in found for part in parts(whole)):
            documents.append(document)
            documents.extend(_inside(document, refusals))
    return ForeignContext(tuple(documents), tuple(refusals), tuple(empty))


def _inside(document: Document, refusals: list[Refusal]) -> Iterator[Document]:
    try:
        yield from embedded(document)
    except Refused as refused:
        refusals.append(Refusal(document.source, refused))
