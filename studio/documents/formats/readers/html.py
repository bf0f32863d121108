"""Read web pages: text, headings, lists, tables and emphasis. Nothing is loaded or run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from studio.core.translation import tr, tr_plural
from studio.documents.formats.block_builder import BlockBuilder
from studio.documents.formats.blocks import Block, Run, safe_address
from studio.documents.formats.faults import check_characters
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.markdown.render import render_markdown
from studio.documents.formats.readers.text import decode_file
from studio.media.text_encoding import ENCODINGS

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""")
_CHARSET_BYTES = 2048
_FRAMES = re.compile("nav|footer|aside|form|button|select|textarea|dialog|menu")
"""Parts around the text of a page."""
_SKIPPED = re.compile("script|style|noscript|template|svg|math|iframe|object|canvas|audio|video")
_BLOCKS = re.compile(
    "p|div|section|article|main|header|address|figure|figcaption|dl|dt|dd|body|html|"
    "fieldset|details|summary|hgroup|center"
)
_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "cite": "italic",
    "dfn": "italic",
    "var": "italic",
    "s": "strike",
    "strike": "strike",
    "del": "strike",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
}
_LANGUAGE_CLASS = re.compile(r"(?:^|\s)(?:language|lang)-([\w+#.-]+)")
_HEADING = re.compile("h[1-6]")
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "wbr", "col", "source", "area"))

Attribute = tuple[str, str | None]
Attributes = dict[str, str]
"""Name → value."""


class Page(msgspec.Struct):
    """What a web page contains. Counts are of what was left out."""

    blocks: list[Block]
    title: str = ""
    author: str = ""
    language: str = ""
    images: int = 0
    scripts: int = 0
    frames: int = 0
    """Menus, forms and footers."""


def read_html(path: Path, data: bytes, encoding: str) -> ImportedDocument:
    """Read a saved web page. Raises StudioError."""
    found = decode_file(path, data, encoding or stated_encoding(data))
    page = convert_page(found.text, without_frames=True)
    text, starts = render_markdown(page.blocks)
    check_characters(path, len(text))
    notices = list(found.notices)
    if page.images:
        notices.append(images_notice(page.images))
    if page.scripts:
        notices.append(
            tr_plural("One script was left out.", "{count} scripts were left out.", page.scripts)
        )
    if page.frames:
        notices.append(tr("Menus, forms and footers of the page were left out."))
    return ImportedDocument(
        text=text,
        format="html",
        is_markdown=True,
        title=page.title,
        author=page.author,
        language=page.language,
        encoding=found.encoding,
        notices=tuple(notices),
        places=Places("paragraph", tuple(starts)),
    )


def images_notice(count: int) -> str:
    """Return the sentence about images that were left out."""
    return tr_plural("One image was left out.", "{count} images were left out.", count)


def stated_encoding(data: bytes) -> str:
    """Return the encoding that a page or XML file states, if Studio knows it and it fits."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return ""  # a byte order mark is stronger
    found = _CHARSET.search(data[:_CHARSET_BYTES])
    name = found[1].decode("ascii").lower() if found else ""
    name = {"gbk": "gb18030", "gb2312": "gb18030", "iso-8859-1": "cp1252", "utf8": "utf-8"}.get(
        name, name.replace("windows-", "cp")
    )
    if name not in ENCODINGS:
        return ""
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return ""
    return name


def convert_page(text: str, *, without_frames: bool) -> Page:
    """Return the content of a page. `without_frames` leaves out menus, forms and footers."""
    converter = _Converter(without_frames)
    converter.feed(text)
    converter.close()
    page = converter.finish()
    if without_frames and page.frames and not page.blocks:  # all of it is in such a part
        return convert_page(text, without_frames=False)
    return page


class _Converter(HTMLParser):
    def __init__(self, without_frames: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._without_frames = without_frames
        self._page = Page([])
        self._builder = BlockBuilder()
        self._skipped: list[str] = []
        """Names of the elements that are left out and open."""
        self._styles: Counter[str] = Counter()
        """How often each style is open."""
        self._links: list[str] = []
        self._code: list[str] | None = None
        """Text of the `pre` that is open."""
        self._code_language = ""
        self._title: list[str] | None = None

    def finish(self) -> Page:
        """Return the page after the last text."""
        self._end_code()
        self._page.blocks = self._builder.finish()
        return self._page

    def handle_starttag(self, tag: str, attrs: Sequence[Attribute]) -> None:
        """See HTMLParser."""
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.append(tag)
            return
        if _SKIPPED.fullmatch(tag) or (self._without_frames and _FRAMES.fullmatch(tag)):
            self._skipped.append(tag)
            self._page.scripts += tag == "script"
            self._page.frames += bool(_FRAMES.fullmatch(tag))
            return
        values = {name: value or "" for name, value in attrs}
        if self._code is not None and tag == "code":
            self._note_language(values)
        elif tag in _STYLES:
            self._styles[_STYLES[tag]] += 1
        elif tag == "a":
            self._links.append(safe_address(values.get("href", "")))
        elif tag in ("html", "body", "title", "meta", "img", "br"):
            self._start_known(tag, values)
        else:
            self._start_block(tag, values)

    def _start_known(self, tag: str, values: Attributes) -> None:
        if tag == "title" and not self._page.title:
            self._title = []
        elif tag == "meta" and values.get("name", "").lower() == "author":
            self._page.author = " ".join(values.get("content", "").split())
        elif tag == "img":
            self._page.images += 1
            self._add(values.get("alt", ""))
        elif tag == "br":
            self._add("\n", is_break=True)
        elif tag in ("html", "body"):
            language = values.get("lang") or values.get("xml:lang") or ""
            self._page.language = self._page.language or language

    def _start_block(self, tag: str, values: Attributes) -> None:
        builder = self._builder
        if tag in ("ul", "ol"):
            start = values.get("start", "1")
            number = int(start) if start.isdecimal() and len(start) < 9 else 1
            builder.open_list(number if tag == "ol" else None)
        elif tag == "li":
            value = values.get("value", "")
            builder.open_item(int(value) if value.isdecimal() and len(value) < 9 else None)
        elif tag == "table":
            builder.open_table()
        elif tag == "tr":
            builder.open_row()
        elif tag in ("td", "th"):
            builder.open_cell()
        elif tag == "hr":
            builder.add_rule()
        elif tag == "blockquote":
            builder.close()
            builder.quote += 1
        elif tag == "pre":
            builder.close()
            self._code, self._code_language = [], ""
            self._note_language(values)
        elif _HEADING.fullmatch(tag):
            self._reset_block()
            builder.heading = int(tag[1])
        elif _BLOCKS.fullmatch(tag):
            self._reset_block()

    def _note_language(self, values: Attributes) -> None:
        if found := _LANGUAGE_CLASS.search(values.get("class", "")):
            self._code_language = found[1]

    def handle_endtag(self, tag: str) -> None:
        """See HTMLParser."""
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
            return
        if tag in _STYLES:
            self._styles[_STYLES[tag]] = max(0, self._styles[_STYLES[tag]] - 1)
        elif tag == "a":
            del self._links[-1:]
        elif tag == "title":
            self._end_title()
        elif tag == "pre":
            self._end_code()
        elif _BLOCKS.fullmatch(tag) or _HEADING.fullmatch(tag):
            self._reset_block()
        else:
            self._end_container(tag)

    def _end_container(self, tag: str) -> None:
        builder = self._builder
        if tag in ("ul", "ol"):
            builder.close_list()
        elif tag == "li":
            builder.close_item()
        elif tag == "table":
            builder.close_table()
        elif tag == "blockquote":
            builder.close()
            builder.quote = max(0, builder.quote - 1)

    def handle_startendtag(self, tag: str, attrs: Sequence[Attribute]) -> None:
        """See HTMLParser. A page's `<div/>` opens a `div`; one of XHTML is empty."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        """See HTMLParser."""
        if self._title is not None:
            self._title.append(data)
        elif not self._skipped:
            self._add(data)

    def _add(self, text: str, *, is_break: bool = False) -> None:
        if self._code is not None:
            self._code.append(text)
            return
        if not is_break:
            text = re.sub(r"[\n\r\t\f]", " ", text)
        styles = self._styles
        self._builder.add(
            Run(
                text,
                styles["bold"] > 0 and not self._builder.heading,
                styles["italic"] > 0,
                styles["strike"] > 0,
                styles["code"] > 0,
                self._links[-1] if self._links else "",
            )
        )

    def _reset_block(self) -> None:
        """End a block, and with it a heading or title that was never closed."""
        self._builder.close()
        self._builder.heading = 0
        self._end_title()

    def _end_code(self) -> None:
        if self._code is not None:
            text = "".join(self._code)
            self._code = None
            self._builder.add_code(text, self._code_language)

    def _end_title(self) -> None:
        if self._title is not None:
            self._page.title = " ".join("".join(self._title).split())
            self._title = None
