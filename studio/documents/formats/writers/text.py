"""Write Markdown with front matter, and plain text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Table,
    plain,
)
from studio.documents.formats.metadata import DocumentMetadata


def write_md(text: str, metadata: DocumentMetadata) -> bytes:
    """Return a Markdown text; what is known of it stands in front matter (YAML)."""
    fields = (
        ("title", metadata.title),
        ("author", metadata.author),
        ("lang", metadata.language),
        ("date", metadata.date),
        ("model", metadata.model),
        ("digitalSourceType", metadata.source_type),
        ("recipe", metadata.recipe),
    )
    lines = [f"{name}: {_quoted(value)}" for name, value in fields if value]
    front = "\n".join(["---", *lines, "---", "", ""]) if lines else ""
    label = f"\n*{metadata.label_text}*\n" if metadata.label_text else ""
    body = text.rstrip("\n") + "\n"
    return (front + body + label).encode("utf-8", "replace")


def write_txt(blocks: Sequence[Block], metadata: DocumentMetadata) -> bytes:
    """Return the text without marks; of what is known of it, only the label."""
    label = f"\n\n{metadata.label_text}" if metadata.label_text else ""
    return f"{plain_text(blocks)}{label}\n".encode("utf-8", "replace")


def plain_text(blocks: Sequence[Block]) -> str:
    """Return the text without marks, blank lines between paragraphs."""
    pieces: list[str] = []
    for previous, block in itertools.pairwise([None, *blocks]):
        assert block is not None
        is_list = isinstance(previous, Item) and isinstance(block, Item)
        pieces += ["" if previous is None else "\n" if is_list else "\n\n", plain_block(block)]
    return "".join(pieces)


def plain_block(block: Block) -> str:
    """Return a block as plain text."""
    if isinstance(block, Rule):
        return "* * *"
    if isinstance(block, Table):
        return "\n".join("\t".join(plain(cell) for cell in row) for row in block.rows)
    if isinstance(block, Heading):
        return plain(block.runs)
    if isinstance(block, Item):
        marker = "- " if block.number is None else f"{block.number}. "
        return _indented(marker + plain(block.runs), block.level, len(marker))
    if isinstance(block, Code):
        return _indented(block.text, block.items, 0)
    assert isinstance(block, Paragraph)
    return _indented(plain(block.runs), block.items, 0)


def _indented(text: str, level: int, hanging: int) -> str:
    indent = "  " * level
    return indent + text.replace("\n", "\n" + indent + " " * hanging)


def _quoted(value: str) -> str:
    """Return a YAML string on one line."""
    return "'" + " ".join(value.split()).replace("'", "''") + "'"
