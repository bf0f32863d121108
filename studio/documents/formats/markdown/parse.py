"""Read Markdown text into blocks. Raw HTML stays text; images become their descriptions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

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
    safe_address,
    tidy,
)
from studio.documents.formats.markdown.inline import WIDE, parse_inline

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_INLINE = 100_000
"""Characters of a paragraph in which emphasis and links are looked for; takes quadratic time."""
_WRAPPED_COLUMNS = 60
"""Lines that were wrapped by a program are at least this long."""
_MAX_NESTING = 100
_MAX_MARKS = 40
"""At the start of a line: of quotes and lists inside each other."""
_LINE_START = re.compile(r"^[ \t>*+\-\d.)]{40,}", re.MULTILINE)
_MARK = re.compile(r">|[*+-](?=\s)|\d[.)](?=\s)")
_DEEP_INDENT = " " * 100
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)


def parse_markdown(text: str) -> list[Block]:
    """Return the blocks of a Markdown text; of one that is nested too deeply, the paragraphs."""
    if _is_too_deep(text):  # the parser would leave out what is inside
        return parse_plain(text)
    return _Parser().parse(text)


def parse_plain(text: str) -> list[Block]:
    """Return the paragraphs of a plain text; blank lines separate them, line breaks are kept."""
    parts = re.split(r"\n[^\S\n]*\n\s*", text.strip("\n"))
    return [Paragraph((Run(part.rstrip()),)) for part in parts if part.strip()]


def _is_too_deep(text: str) -> bool:
    for found in _LINE_START.finditer(text):
        start = found[0].expandtabs(4)
        marks = len(_MARK.findall(start))
        if marks > _MAX_MARKS or (marks and start.startswith(_DEEP_INDENT)):
            return True
    return False


class _Parser:
    def __init__(self) -> None:
        from markdown_it import MarkdownIt  # 15 ms, which no start needs

        self._markdown: MarkdownIt = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        self._markdown.options["html"] = False
        self._markdown.options["maxNesting"] = _MAX_NESTING
        self._markdown.validateLink = _accept  # type: ignore[method-assign, assignment]
        self._markdown.core.ruler.disable("inline")
        self._blocks: list[Block] = []
        self._quote = 0
        self._numbers: list[int | None] = []
        """Next number of each open list; None for bullets."""
        self._is_item_open = False
        """The next paragraph is the first one of an item."""
        self._rows: list[tuple[Runs, ...]] = []
        self._heading = 0
        self._is_cell = False

    def parse(self, text: str) -> list[Block]:
        for token in self._markdown.parse(text):
            self._take(token)
        return self._blocks

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            self._take_inline(tidy(self._runs_of(token.content)))
        elif kind in ("fence", "code_block"):
            self._open_item_without_text()
            language = token.info.split()[0] if token.info.split() else ""
            self._blocks.append(
                Code(token.content.rstrip("\n"), language, self._quote, len(self._numbers))
            )
        elif kind == "hr":
            self._blocks.append(Rule())
        elif kind.startswith("heading"):
            self._heading = int(token.tag[1]) if token.nesting == 1 else 0
        elif kind.startswith("blockquote"):
            self._quote += token.nesting
        elif kind.startswith(("bullet_list", "ordered_list")):
            self._take_list(token)
        elif kind == "list_item_open":
            self._is_item_open = True
        elif kind == "list_item_close":
            self._close_item()
        elif kind.startswith(("table", "tr", "th", "td")):
            self._take_table(token)

    def _take_inline(self, runs: Runs) -> None:
        if self._is_cell:
            self._rows[-1] = (*self._rows[-1], runs)
        elif self._is_item_open:
            self._add_item(runs)
        elif self._heading:
            self._blocks.append(Heading(self._heading, runs, self._quote))
        else:
            self._blocks.append(Paragraph(runs, self._quote, len(self._numbers)))

    def _take_list(self, token: Token) -> None:
        if token.nesting == 1:
            self._open_item_without_text()
            start = token.attrs.get("start", 1)
            self._numbers.append(int(start) if token.type == "ordered_list_open" else None)
        else:
            self._numbers.pop()

    def _add_item(self, runs: Runs) -> None:
        number = self._numbers[-1]
        self._blocks.append(Item(runs, len(self._numbers) - 1, number, self._quote))
        self._is_item_open = False

    def _open_item_without_text(self) -> None:
        if self._is_item_open and self._numbers:
            self._add_item(())

    def _close_item(self) -> None:
        self._open_item_without_text()
        number = self._numbers[-1]
        if number is not None:
            self._numbers[-1] = number + 1

    def _take_table(self, token: Token) -> None:
        if token.type == "table_open":
            self._rows = []
        elif token.type == "table_close":
            self._blocks.append(Table(tuple(self._rows)))
        elif token.type == "tr_open":
            self._rows.append(())
        elif token.tag in ("th", "td"):
            self._is_cell = token.nesting == 1

    def _runs_of(self, content: str) -> Iterator[Run]:
        if len(content) > MAX_INLINE:
            yield Run(content)
            return
        tokens = parse_inline(self._markdown, content)
        yield from _styled(tokens, breaks=not _is_wrapped(content.split("\n")))


def _accept(_address: str) -> bool:
    """Let the parser take any address, so that it leaves no syntax in the text."""
    return True


def _styled(tokens: Sequence[Token], *, breaks: bool) -> Iterator[Run]:
    bold = italic = strike = 0
    link = ""
    for number, token in enumerate(tokens):
        kind = token.type
        if kind == "link_open":
            link = safe_address(str(token.attrs.get("href", "")))
        elif kind == "link_close":
            link = ""
        elif kind.startswith("strong"):
            bold += token.nesting
        elif kind.startswith("em_"):
            italic += token.nesting
        elif kind.startswith("s_"):
            strike += token.nesting
        elif text := _text_of(tokens, number, breaks):
            yield Run(text, bold > 0, italic > 0, strike > 0, kind == "code_inline", link)


def _text_of(tokens: Sequence[Token], number: int, breaks: bool) -> str:
    token = tokens[number]
    if token.type == "hardbreak" or (token.type == "softbreak" and breaks):
        return "\n"
    if token.type == "softbreak":
        before = tokens[number - 1].content[-1:] if number else ""
        after = tokens[number + 1].content[:1] if number + 1 < len(tokens) else ""
        return "" if WIDE.match(before) and WIDE.match(after) else " "
    if token.type == "text":
        return _BREAK_TAG.sub("\n", token.content)
    return token.content  # of code; of an image, its description


def _is_wrapped(lines: Sequence[str]) -> bool:
    """True if a program broke the lines at a width: no line has room for the next one's first word.

    Otherwise their breaks are meant, as in a poem, an address, or what chat models write.
    """
    width = max(map(len, lines))
    return width >= _WRAPPED_COLUMNS and all(
        len(line) + 1 + len(following.split(" ", 1)[0]) > width
        for line, following in itertools.pairwise(lines)
    )
