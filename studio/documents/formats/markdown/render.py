"""Write blocks as Markdown text (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Run,
    Runs,
    Table,
    plain,
)

_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])"  # would escape what follows
    r"|\*(?!(?<=\s\*)\s)"  # unless between spaces
    r"|(?<![^\W_])_(?!\s)|(?<!\s)_(?![^\W_])"
    r"|`|~(?=~)"
    r"|\](?=\()"
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=#?\w{1,32};)"
)
_LINE_START = re.compile(
    r"^(?:(?P<mark>[-+](?=\s|$)|#(?=#{0,5}(?:\s|$))|>|~~~|\[(?=[^\]\n]{1,999}+\]:))"
    r"|(?P<number>\d{1,9})(?P<after>[.)])(?=\s|$)"
    r"|(?P<rule>[-=](?=[-=\s]*$)))",
    re.MULTILINE,
)
_FENCE = re.compile(r"`{3,}")
_TICKS = re.compile(r"`+")
_BREAK = "  \n"
"""Two spaces, because a backslash at each line's end would stand out in a poem."""


def render_markdown(blocks: Iterable[Block]) -> tuple[str, list[int]]:
    """Return the Markdown text, and the offset at which each block starts in it."""
    renderer = _Renderer()
    for block in blocks:
        renderer.add(block)
    return "".join(renderer.pieces) + ("\n" if renderer.pieces else ""), renderer.starts


def render_runs(runs: Runs) -> str:
    """Return the Markdown of text in one block; line breaks are kept."""
    return "".join(map(_render_run, runs))


class _Renderer:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self._size = 0
        self._widths = [0]
        """Column at which the text of each list level's item starts; level 0 is no list."""
        self._previous: Block | None = None

    def add(self, block: Block) -> None:
        text, first, rest = self._lines_of(block)
        quote = "> " * _quote_of(block)
        lines = text.split("\n")
        shown = [
            quote + first + lines[0],
            *(quote + rest + line if line else quote.rstrip() for line in lines[1:]),
        ]
        self._put(self._separator(block))
        self.starts.append(self._size)
        self._put("\n".join(shown))
        self._previous = block

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self._size += len(text)

    def _separator(self, block: Block) -> str:
        previous = self._previous
        if previous is None:
            return ""
        quote = min(_quote_of(previous), _quote_of(block))
        if (
            isinstance(previous, Item)
            and isinstance(block, Item)
            and previous.quote == block.quote
            and (previous.level != block.level or _is_numbered(previous) == _is_numbered(block))
        ):
            return "\n"
        return "\n" + ("> " * quote).rstrip() + "\n"

    def _lines_of(self, block: Block) -> tuple[str, str, str]:
        """Return the text, what its first line begins with, and what the others begin with."""
        if isinstance(block, Item):
            level = min(block.level, len(self._widths) - 1)
            marker = "- " if block.number is None else f"{block.number}. "
            column = self._widths[level]
            self._widths = [*self._widths[: level + 1], column + len(marker)]
            text = _protect(render_runs(block.runs))
            return text, " " * column + marker, " " * (column + len(marker))
        if isinstance(block, (Paragraph, Code)):
            self._widths = self._widths[: block.items + 1]
            indent = " " * self._widths[-1]
            if isinstance(block, Code):
                return _fenced(block), indent, indent
            return _protect(render_runs(block.runs)), indent, indent
        self._widths = [0]
        if isinstance(block, Heading):
            text = render_runs(block.runs).replace(_BREAK, " ")
            return f"{'#' * block.level} {text}", "", ""
        if isinstance(block, Rule):
            return "---", "", ""
        return _table(block), "", ""


def _quote_of(block: Block) -> int:
    return 0 if isinstance(block, (Table, Rule)) else block.quote


def _is_numbered(item: Item) -> bool:
    return item.number is not None


def _protect(text: str) -> str:
    """Escape what would make a heading, list, quote or line of a paragraph's lines."""
    return _LINE_START.sub(
        lambda found: (
            f"{found['number']}\\{found['after']}" if found["number"] else f"\\{found[0]}"
        ),
        text,
    )


def _render_run(run: Run) -> str:
    if run.code:
        text = run.text.replace("\n", " ")
        ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        text = f"{ticks}{pad}{text}{pad}{ticks}"
        return _linked(text, run.link)
    whole = run.text
    before = whole[: len(whole) - len(whole.lstrip())]
    after = whole[len(whole.rstrip()) :] if len(before) < len(whole) else ""
    inner = whole[len(before) : len(whole) - len(after)]
    before, inner, after = (part.replace("\n", _BREAK) for part in (before, inner, after))
    if not inner:
        return before + after
    text = _SPECIAL.sub(lambda special: f"\\{special[0]}", inner)
    if run.strike:
        text = f"~~{text}~~"
    marks = "*" * (run.italic + 2 * run.bold)
    return before + _linked(f"{marks}{text}{marks}", run.link) + after


def _linked(text: str, link: str) -> str:
    if not link:
        return text
    address = link.replace("\n", "").replace("<", "%3C").replace(">", "%3E")
    return f"[{text}](<{address}>)" if re.search(r"[\s()]", address) else f"[{text}]({address})"


def _fenced(block: Code) -> str:
    longest = max(map(len, _FENCE.findall(block.text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{block.language}\n{block.text}\n{fence}"


def _table(block: Table) -> str:
    width = max(map(len, block.rows), default=0)
    lines = []
    for number, row in enumerate(block.rows):
        cells = [render_runs(runs).replace(_BREAK, " ").replace("|", "\\|") for runs in row]
        cells += [""] * (width - len(cells))
        lines.append(f"| {' | '.join(cells)} |")
        if number == 0:
            lines.append(f"|{' --- |' * width}")
    return "\n".join(lines)


def is_empty(block: Block) -> bool:
    """True if a block shows nothing."""
    if isinstance(block, Table):
        return not any(plain(cell).strip() for row in block.rows for cell in row)
    if isinstance(block, Code):
        return not block.text.strip()
    return not isinstance(block, (Rule, Item)) and not plain(block.runs).strip()
