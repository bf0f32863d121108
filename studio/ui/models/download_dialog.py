"""A model from a hub by its repository's name: what it is, how large, under which licence; then it
is fetched, with a pause.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.models.card import ModelCard
from studio.models.hub.download import Look, download, look
from studio.models.hub.progress import pace_text
from studio.models.hub.repository import Hub, Repository, hub_of, parse_repository
from studio.models.install.staging import InstallCancelledError
from studio.models.install.wheel_download import InstallProgress
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.download_thread import Work, WorkThread
from studio.ui.models.partial_downloads import PartialDownloads
from studio.ui.plain_editor import PlainEditor
from studio.ui.widgets.factory import Notice, button, label, name_control, row, size_text


class DownloadDialog(QDialog):
    """One download. It stays beside the window; several may be open. Closing it pauses what
    runs.
    """

    running: ClassVar[set[str]] = set()
    """The repositories that are being fetched, in any of these dialogs."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self._fetching: WorkThread | None = None
        self._look: Look | None = None
        self.setWindowTitle("Model from a hub")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_to_fit(self, 640, 340)
        self.notice = Notice()
        grows = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        grows.setHeightForWidth(True)  # its sentences take several lines here
        self.notice.setSizePolicy(grows)
        self.name = QLineEdit()
        self.name.setPlaceholderText("organisation/name, or the address of its page")
        name_control(
            self.name,
            "Repository",
            "What to fetch: organisation/name, with @revision where another than the newest is "
            "meant",
        )
        self.name.textEdited.connect(self._on_edited)
        self.name.returnPressed.connect(self.look)
        self.look_button = button(
            "Look", "Ask the hub what this is; nothing is fetched yet", self.look
        )
        self.unfinished = PartialDownloads(shared)
        self.unfinished.wanted.connect(self._on_wanted)
        self.unfinished.failed.connect(
            lambda error: self.notice.show_message(error.message, error.cure)
        )
        self.choice = QComboBox()
        name_control(self.choice, "Files", "Which files to fetch")
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.choice.hide()
        self.about = label("", wrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.licence_button = button(
            "Read the licence…", "Show the licence as it lies in the repository", self._show_licence
        )
        self.licence_button.hide()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Download progress", "How much of the model is on disk")
        self.bar.hide()
        self.status = label("", "muted", wrap=True)
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.hub_button = button(
            "Hub and account…", "Another hub, a token, offline", self._show_hub
        )
        self.get_button = button("Get", "Fetch the model", self.get, "save", primary=True)
        self.pause_button = button(
            "Pause", "Stop for now; it goes on where it was", self.pause, "pause"
        )
        self.close_button = button("Close", "Close this dialog; a download is paused", self.close)
        for made in (
            self.look_button,
            self.hub_button,
            self.pause_button,
            self.close_button,
            self.licence_button,
        ):
            made.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(row(self.name, self.look_button))
        layout.addWidget(self.unfinished)
        layout.addWidget(self.notice)
        layout.addWidget(self.choice)
        layout.addWidget(self.about)
        layout.addWidget(row(self.licence_button, None))
        layout.addStretch(1)
        layout.addWidget(self.status)
        layout.addWidget(self.bar)
        layout.addWidget(
            row(self.hub_button, None, self.pause_button, self.get_button, self.close_button)
        )
        self._show_state()
        self.unfinished.reload(self.running)

    # Looking
    # ----------------------------------------------------------------------

    def look(self) -> None:
        """Ask the hub."""
        hub, repository = self._asked()
        if hub is None or repository is None or self._fetching is not None:
            return
        self._forget()
        self.status.setText(f"Asking {hub.host}…")
        data = self.shared.data
        self._begin(lambda _say, cancelled: look(data, repository, cancelled, hub), self._on_looked)

    def _asked(self) -> tuple[Hub | None, Repository | None]:
        try:
            hub = hub_of(self.shared.settings)
            return hub, parse_repository(self.name.text(), hub)
        except StudioError as error:
            self.notice.show_message(error.message, error.cure)
            return None, None

    def _on_looked(self, seen: Look) -> None:
        self._look = seen
        self.status.setText("")
        found = seen.found
        if found.closed is not None:
            page = button("Open its page", "Show the repository in the browser", self._open_page)
            self.notice.show_message(found.closed.message, found.closed.cure, [page])
        self.choice.blockSignals(True)
        if found.files and found.files != found.choices[:1]:
            self.choice.addItem(
                f"{len(found.files)} files, {size_text(found.size)}", seen.repository.files
            )
        for file in found.choices:
            if (file.path,) != seen.repository.files:
                self.choice.addItem(f"{file.path}, {size_text(file.size)}", (file.path,))
        self.choice.blockSignals(False)
        self.choice.setVisible(self.choice.count() > 1)
        self.licence_button.setVisible(bool(found.licence_text))
        self._on_chosen()

    def _on_chosen(self, _index: int = 0) -> None:
        seen = self._look
        if seen is None:
            return
        found, files = seen.found, self.choice.currentData() or ()
        chosen = [file for file in found.choices if (file.path,) == tuple(files)] or list(
            found.files
        )
        lines = []
        if chosen:
            there = (
                f", of which {size_text(seen.there)} are there already"
                if seen.there and chosen == list(found.files)
                else ""
            )
            lines.append(
                f"{size_text(sum(file.size for file in chosen))} to fetch{there}; "
                f"{size_text(seen.free)} of disk are free."
            )
        gated = " Its terms must be accepted on the hub." if found.gated else ""
        link = f", {found.licence_link}" if found.licence_link else ""
        lines.append(
            f"Licence: {found.licence or 'not said; ask its authors before you use it'}{link}.{gated}"  # noqa: E501
        )
        if found.languages:
            lines.append(
                f"Languages: {', '.join(found.languages[:12])}{' …' if len(found.languages) > 12 else ''}"  # noqa: E501
            )
        self.about.setText("\n".join(lines))
        self._show_state()

    def _open_page(self) -> None:
        if self._look is not None:
            QDesktopServices.openUrl(
                QUrl(f"{hub_of(self.shared.settings).endpoint}/{self._look.repository.repo}")
            )

    def _show_licence(self) -> None:
        if self._look is None:
            return
        shown = QDialog(self)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.setWindowTitle("Licence")
        resize_to_fit(shown, 640, 480)
        text = PlainEditor()
        text.setReadOnly(True)
        text.setPlainText(
            "\n".join(printable(line) for line in self._look.found.licence_text.splitlines())
        )
        name_control(text, "Licence", "As it lies in the repository")
        QVBoxLayout(shown).addWidget(text)
        shown.open()

    def _show_hub(self) -> None:
        from studio.ui.models.hub_dialog import HubDialog

        dialog = HubDialog(self.shared, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._forget)
        dialog.open()

    # Fetching
    # ----------------------------------------------------------------------

    def get(self) -> None:
        """Fetch what was looked at, that very commit."""
        if self._look is None or self._fetching is not None:
            return
        seen, hub, data = self._look, hub_of(self.shared.settings), self.shared.data
        wanted = msgspec.structs.replace(
            seen.repository,
            revision=seen.found.commit,
            files=tuple(self.choice.currentData() or ()),
        )
        self.notice.clear()
        self.status.setText(f"Asking {hub.host}…")
        self.running.add(wanted.repo)
        self._begin(
            lambda say, cancelled: download(data, wanted, say, cancelled, hub=hub), self._on_fetched
        )

    def pause(self) -> None:
        """Stop what runs; it can go on."""
        if self._fetching is not None:
            self._fetching.stop()
            self.status.setText("Pausing…")

    def _begin(self, work: Work, done: object) -> None:
        self._fetching = WorkThread(work)
        self._fetching.progressed.connect(self._on_progressed)
        self._fetching.done.connect(self._on_ended)
        self._fetching.done.connect(done)
        self._fetching.failed.connect(self._on_ended)
        self._fetching.failed.connect(self._on_failed)
        self._fetching.begin()
        self._show_state()

    def _on_progressed(self, now: InstallProgress) -> None:
        self.bar.setVisible(bool(now.total))
        self.bar.setRange(0, 1000)
        self.bar.setValue(int(1000 * now.done / now.total) if now.total else 0)
        amount = f" {size_text(now.done)} of {size_text(now.total)}" if now.total else "…"
        pace = pace_text(now)
        self.status.setText(f"{now.phase}{amount}{f', {pace}' if pace else ''}")

    def _on_ended(self, _what: object) -> None:
        self._fetching = None
        self._not_running()
        self.bar.hide()
        self.status.setText("")
        self._show_state()

    def _on_fetched(self, card: ModelCard) -> None:
        self.shared.reload_models()
        self.shared.said.emit(f"{card.title} is ready")
        self.status.setText(f"{card.title} is ready.")
        self._look = None
        self._show_state()

    def _on_failed(self, error: StudioError) -> None:
        if isinstance(error, InstallCancelledError):
            self.status.setText("Paused. Get goes on where it was.")
        else:
            self.notice.show_message(error.message, error.cure)

    # State
    # ----------------------------------------------------------------------

    def _not_running(self) -> None:
        if self._look is not None:
            self.running.discard(self._look.repository.repo)

    def _on_wanted(self, repo: str) -> None:
        self.name.setText(repo)
        self.look()

    def _on_edited(self, _text: str) -> None:
        self._forget()

    def _forget(self) -> None:
        if self._fetching is not None:
            return
        self._look = None
        self.notice.clear()
        self.about.setText("")
        self.status.setText("")
        self.licence_button.hide()
        self.choice.hide()
        self.choice.clear()
        self._show_state()

    def _show_state(self) -> None:
        busy, seen = self._fetching is not None, self._look
        ready = (
            seen is not None
            and seen.found.closed is None
            and bool(seen.found.files or seen.found.choices)
        )
        self.name.setEnabled(not busy)
        self.choice.setEnabled(not busy)
        self.hub_button.setEnabled(not busy)
        self.unfinished.setEnabled(not busy)
        if busy or seen is not None:
            self.unfinished.hide()
        self.look_button.setVisible(not busy)
        self.get_button.setVisible(not busy)
        self.get_button.setEnabled(ready)
        self.pause_button.setVisible(busy)

    def done(self, result: int) -> None:
        """The dialog closes, in whatever way; what runs is paused."""
        if self._fetching is not None:
            self._fetching.stop()
            self._not_running()
            self.shared.reload_models()  # what runs may be complete in the last instant
        super().done(result)
