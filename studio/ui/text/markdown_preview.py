"""A document's Markdown as it reads: nothing is loaded, run or opened, and hostile text is limited.

The text becomes blocks (`documents/formats`), and these become HTML of our own: Qt's own reader of
Markdown lets raw HTML through and hangs on some texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QApplication, QTextBrowser

from studio.core.translation import tr
from studio.documents.document import DocumentFormat
from studio.documents.formats.blocks import Block, Code, Table, plain
from studio.documents.formats.markdown.parse import parse_markdown, parse_plain
from studio.documents.formats.writers.html import body_of, text_of
from studio.ui import background
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.highlighting import highlighted
from studio.ui.widgets import theme
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.plain_editor import has_long_run

SHOW_MS = 300
MAX_CHARACTERS = 20_000
MAX_CELLS = 1_000
"""Of one table; Qt takes long to lay out more."""
_COPY = "copy:"


class MarkdownPreview(QTextBrowser):
    """Follows the text of an editor while it is visible."""

    copied = Signal()
    """Code, or the address of a link, is in the clipboard."""

    def __init__(self, editor: DocumentEditor) -> None:
        super().__init__()
        self._editor = editor
        self._codes: list[str] = []
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.anchorClicked.connect(self._on_anchor_clicked)
        name_control(
            self, tr("Preview"), tr("The document's Markdown as it reads; links are copied")
        )
        self._soon = background.DelayedCall(self, self.refresh, SHOW_MS)
        editor.edited.connect(self._soon.request)
        editor.loaded.connect(self._soon.request)

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:
        """Load nothing, whatever the text names; without a value, Qt would read the file itself."""
        return QByteArray(b" ")

    def refresh(self) -> None:
        """Show the text as it is now."""
        if not self.isVisible():
            return
        text, format = self._editor.text, self._editor.text_document.format
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        is_dark = theme.is_dark(application)

        def show(page: tuple[str, list[str]]) -> None:
            if self._editor.text is text:
                self._show(text, *page)

        background.run(self, lambda: page_of(text, format, is_dark=is_dark), show)

    def showEvent(self, event: Any) -> None:
        """Show the text when the preview is opened."""
        super().showEvent(event)
        self._soon.request()

    def changeEvent(self, event: QEvent) -> None:
        """Highlight code in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() in theme.CHANGES:
            self._soon.request()

    def _show(self, text: str, page: str, codes: list[str]) -> None:
        self._codes = codes
        mode = QTextOption.WrapMode
        is_long = has_long_run(text[:MAX_CHARACTERS])
        self.setWordWrapMode(mode.WrapAnywhere if is_long else mode.WrapAtWordBoundaryOrAnywhere)
        bar = self.verticalScrollBar()
        share = bar.value() / bar.maximum() if bar.maximum() else 0.0
        self.setHtml(page)
        bar.setValue(round(share * bar.maximum()))

    def _on_anchor_clicked(self, url: QUrl) -> None:
        address = url.toString()
        if address.startswith(_COPY):
            number = address.removeprefix(_COPY)
            if not number.isdecimal() or int(number) >= len(self._codes):
                return
            address = self._codes[int(number)]
        QGuiApplication.clipboard().setText(address)
        self.copied.emit()


def page_of(text: str, format: DocumentFormat, *, is_dark: bool) -> tuple[str, list[str]]:
    """Return a text as HTML, and the code blocks in it."""
    shown = text[:MAX_CHARACTERS]
    if format == "code":
        blocks: Sequence[Block] = [Code(shown)]
    else:
        blocks = (
            parse_markdown(shown) if format == "md" or _is_marked(shown) else parse_plain(shown)
        )
    codes: list[str] = []
    parts = list(_parts(blocks, codes, is_dark))
    if len(text) > MAX_CHARACTERS:
        note = tr("The preview shows the first {count:,} characters.", count=MAX_CHARACTERS)
        parts.append(f"<p><em>{text_of(note)}</em></p>")
    return "\n".join(parts), codes


def _is_marked(text: str) -> bool:
    """Return True for a plain text that is written as Markdown, as models do."""
    return any(sign in text for sign in ("```", "**", "\n# ", "\n- ")) or text.startswith("# ")


def _parts(blocks: Sequence[Block], codes: list[str], is_dark: bool) -> Iterator[str]:
    others: list[Block] = []
    for block in map(_without_large_table, blocks):
        if not isinstance(block, Code):
            others.append(block)
            continue
        if others:
            yield body_of(others)
            others = []
        yield _code(block, len(codes), is_dark)
        codes.append(block.text)
    if others:
        yield body_of(others)


def _without_large_table(block: Block) -> Block:
    if isinstance(block, Table) and sum(map(len, block.rows)) > MAX_CELLS:
        return Code("\n".join(" | ".join(plain(cell) for cell in row) for row in block.rows))
    return block


def _code(block: Code, number: int, is_dark: bool) -> str:
    """Return code, highlighted if its language is known, below a link that copies it."""
    border = "#3c3c47" if is_dark else "#d4d4dc"
    style = "font-family: monospace"
    name = text_of(block.language or tr("Code"))
    code = highlighted(block.text, block.language, is_dark=is_dark)
    return (
        f'<p align="right">{name} · <a href="{_COPY}{number}">{text_of(tr("Copy"))}</a></p>'
        f'<table width="100%" border="1" cellspacing="0" cellpadding="8" bordercolor="{border}">'
        f'<tr><td><pre style="{style}">{code}</pre></td></tr></table>'
    )
