"""The window that shows the documentation, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtWidgets import QDialog, QListWidget, QTextBrowser, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.help.documents import Document, read_documents
from studio.ui.widgets.factory import button, label, name_control, row, search_field

SIZE = (960, 680)
LIST_WIDTH = 230
MARGIN = 14
"""Around the text of a page."""
_FEATURES = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)


class _Browser(QTextBrowser):
    """Shows a page; loads nothing, and opens no link itself."""

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:
        """Load nothing: images are not packaged; without a value, Qt would read the file itself."""
        return QByteArray(b" ")


class DocumentsWindow(QDialog):
    """Lists the pages and shows one; links lead to other pages."""

    def __init__(self, shared: AppState, parent: QWidget, page: str = "") -> None:
        """`page`: file name of the page to show first."""
        super().__init__(parent)
        self._shared = shared
        self._page = page
        self._documents: list[Document] = []
        self.setWindowTitle(tr("Documentation"))
        self.setMinimumSize(560, 400)
        resize_to_fit(self, *SIZE)
        self.search = search_field(
            tr("Search"), tr("Show the pages that contain a text"), tr("Search pages")
        )
        self.pages = QListWidget()
        self.pages.setSpacing(3)
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name_control(self.pages, tr("Pages"), tr("Pages of the documentation"))
        self.browser = _Browser()
        self.browser.setOpenLinks(False)
        name_control(self.browser, tr("Page"), tr("The text of the chosen page"))
        self._status = label(tr("Reading…"), "muted", wrap=True)
        side = QWidget()
        side.setFixedWidth(LIST_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.pages, self._status):
            column.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.addWidget(row(side, self.browser), 1)
        layout.addWidget(row(None, button(tr("Close"), tr("Close this window"), self.close)))
        self.pages.currentRowChanged.connect(self._show_page)
        self.search.textChanged.connect(self._filter)
        self.browser.anchorClicked.connect(self._follow)
        background.run(self, read_documents, self._on_read)

    def show_page(self, name: str) -> bool:
        """Show a page by its file name; return False if it does not exist."""
        self._page = name
        for at, document in enumerate(self._documents):
            if document.path.name == name:
                self.pages.setCurrentRow(at)
                return True
        return False

    def _on_read(self, documents: Sequence[Document]) -> None:
        self._documents = list(documents)
        self.pages.addItems([document.title for document in documents])
        self._status.setText("" if documents else tr("The documentation is not installed."))
        self._status.setVisible(not documents)
        if not self.show_page(self._page):
            self.pages.setCurrentRow(0)

    def _show_page(self, at: int) -> None:
        if 0 <= at < len(self._documents):
            self.browser.document().setDocumentMargin(MARGIN)
            self.browser.document().setMarkdown(self._documents[at].text, _FEATURES)
            self.browser.verticalScrollBar().setValue(0)

    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        shown = 0
        for at, document in enumerate(self._documents):
            matches = wanted in document.text.casefold()
            self.pages.item(at).setHidden(not matches)
            shown += matches
        self._status.setText(
            tr("No page contains {text}.", text=text.strip()[:60]) if not shown else ""
        )
        self._status.setVisible(not shown)

    def _follow(self, link: QUrl) -> None:
        """Show another page; copy the address of a site, because Studio opens none itself."""
        if link.scheme() in ("http", "https"):
            QGuiApplication.clipboard().setText(link.toString())
            self._status.setText(tr("Copied {link}", link=link.toString()[:200]))
            self._status.show()
        elif (link.fileName() and self.show_page(link.fileName())) or link.fragment():
            self.browser.scrollToAnchor(link.fragment())
