"""Write web pages and the XHTML of books: no scripts, nothing that a browser would load."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Run,
    Table,
    plain,
)
from studio.documents.formats.metadata import IPTC_NAMESPACE, DocumentMetadata

STYLE = """\
body { max-width: 40em; margin: 2em auto; padding: 0 1em; line-height: 1.5;
  font-family: Georgia, "Noto Serif", "Noto Serif CJK SC", "Songti SC", SimSun, serif; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25;
  font-family: "Helvetica Neue", Arial, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
code, pre { font-family: Consolas, Menlo, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.8em; border: 1px solid #8884; }
blockquote { margin-left: 0; padding-left: 1em; border-left: 3px solid #8886; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: 0.3em 0.6em; text-align: left; }
.ai-label { margin-top: 3em; font-size: 0.85em; }
"""
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_html(blocks: Sequence[Block], metadata: DocumentMetadata) -> bytes:
    """Return a web page in one file."""
    language = f" lang={attribute(metadata.language)}" if metadata.language else ""
    known = (
        ("author", metadata.author),
        ("date", metadata.date),
        ("model", metadata.model),
        ("recipe", metadata.recipe),
    )
    head = [
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{text_of(metadata.title or first_heading(blocks))}</title>",
        *(f'<meta name="{name}" content={attribute(value)}>' for name, value in known if value),
    ]
    if metadata.source_type:
        head.append(
            f'<meta property="Iptc4xmpExt:DigitalSourceType" content="{metadata.source_type}">'
        )
    label = f'\n<p class="ai-label">{text_of(metadata.label_text)}</p>' if metadata.ai_label else ""
    page = (
        f'<!DOCTYPE html>\n<html{language} prefix="Iptc4xmpExt: {IPTC_NAMESPACE}">\n<head>\n'
        + "\n".join(head)
        + f"\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        + f"{body_of(blocks)}{label}\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "replace")


def first_heading(blocks: Iterable[Block]) -> str:
    """Return the text of the first heading, or nothing."""
    return next((plain(block.runs) for block in blocks if isinstance(block, Heading)), "")


def text_of(text: str) -> str:
    """Return text as it stands between tags; characters that XML excludes are dropped."""
    return escape(_CONTROLS.sub("", text), quote=False)


def attribute(value: str) -> str:
    """Return the value of an attribute, in quotes."""
    return f'"{escape(_CONTROLS.sub("", value))}"'


def body_of(blocks: Iterable[Block]) -> str:
    """Return blocks as HTML that is also valid XHTML."""
    writer = _Writer()
    for block in blocks:
        writer.add(block)
    writer.close_to(0, 0)
    return "\n".join(writer.lines)


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._lists: list[str] = []
        """Element of each open list, whose last item is open, too."""
        self._quote = 0

    def add(self, block: Block) -> None:
        quote = 0 if isinstance(block, (Table, Rule)) else block.quote
        if isinstance(block, Item):
            self._add_item(block, quote)
            return
        items = block.items if isinstance(block, (Paragraph, Code)) else 0
        self.close_to(min(items, len(self._lists)), quote)
        self._open_quotes(quote)
        self.lines.append(_block(block))

    def _add_item(self, item: Item, quote: int) -> None:
        level = min(item.level, len(self._lists))
        tag = "ul" if item.number is None else "ol"
        self.close_to(level + 1, quote)
        if len(self._lists) == level + 1:
            if self._lists[level] == tag:
                self.lines.append("</li>")
            else:
                self.close_to(level, quote)
        self._open_quotes(quote)
        if len(self._lists) == level:
            start = f' start="{item.number}"' if (item.number or 1) != 1 else ""
            self.lines.append(f"<{tag}{start}>")
            self._lists.append(tag)
        self.lines.append(f"<li>{runs_of(item.runs)}")

    def close_to(self, level: int, quote: int) -> None:
        """Close lists until `level` of them are open; all of them where the quote changes."""
        if quote != self._quote:
            level = 0
        while len(self._lists) > level:
            self.lines += ["</li>", f"</{self._lists.pop()}>"]
        while self._quote > quote:
            self.lines.append("</blockquote>")
            self._quote -= 1

    def _open_quotes(self, quote: int) -> None:
        while self._quote < quote:
            self.lines.append("<blockquote>")
            self._quote += 1


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{runs_of(block.runs)}</h{block.level}>"
    if isinstance(block, Code):
        language = f" class={attribute('language-' + block.language)}" if block.language else ""
        return f"<pre><code{language}>{text_of(block.text)}</code></pre>"
    if isinstance(block, Rule):
        return "<hr />"
    if isinstance(block, Table):
        return "\n".join(["<table>", *_rows(block), "</table>"])
    assert isinstance(block, Paragraph)
    return f"<p>{runs_of(block.runs)}</p>"


def _rows(table: Table) -> Iterable[str]:
    width = max(map(len, table.rows), default=0)
    for number, row in enumerate(table.rows):
        tag = "td" if number else "th"
        cells = [*map(runs_of, row), *[""] * (width - len(row))]
        yield "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def runs_of(runs: Iterable[Run]) -> str:
    """Return text in styles as HTML."""
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    shown = text_of(run.text).replace("\n", "<br />")
    for tag, is_set in (
        ("code", run.code),
        ("s", run.strike),
        ("em", run.italic),
        ("strong", run.bold),
    ):
        if is_set:
            shown = f"<{tag}>{shown}</{tag}>"
    return f"<a href={attribute(run.link)}>{shown}</a>" if run.link else shown
