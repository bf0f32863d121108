"""The dialog that looks up a model on a hub and downloads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

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
from studio.core.translation import tr, tr_plural
from studio.models.card import ModelCard
from studio.models.hub.download import DownloadEstimate, download, query
from studio.models.hub.progress import pace_text
from studio.models.hub.repository import (
    Hub,
    RemoteFile,
    Repository,
    RepositoryContents,
    hub_of,
    parse_repository,
)
from studio.models.install.staging import InstallCancelledError
from studio.models.install.wheel_download import InstallProgress
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.download_thread import Work, WorkThread
from studio.ui.models.languages import language_name
from studio.ui.models.partial_downloads import PartialDownloads
from studio.ui.widgets.factory import Notice, button, label, name_control, row, size_text
from studio.ui.widgets.plain_editor import PlainEditor

MAX_LANGUAGES = 12


class DownloadDialog(QDialog):
    """One download. Not modal, so that several can run; closing it pauses the download."""

    running: ClassVar[set[str]] = set()
    """Repositories that any of these dialogs is downloading."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self._thread: WorkThread | None = None
        self._handle_result: Callable[[Any], None] = self._on_looked_up
        self._found: DownloadEstimate | None = None
        self.setWindowTitle(tr("Download a model"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_to_fit(self, 640, 340)
        self._create_widgets()
        self._create_buttons()
        self._create_layout()
        self._update_controls()
        self.partial.reload(self.running)

    def _create_widgets(self) -> None:
        self.notice = Notice()
        grows = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        grows.setHeightForWidth(True)  # long messages wrap in this narrow dialog
        self.notice.setSizePolicy(grows)
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("organization/name, or the address of its page"))
        name_control(
            self.name,
            tr("Repository"),
            tr("organization/name; add @revision for another than the newest version"),
        )
        self.name.textEdited.connect(self._on_edited)
        self.name.returnPressed.connect(self.look_up)
        self.partial = PartialDownloads(self.shared)
        self.partial.continue_requested.connect(self._on_continue_requested)
        self.partial.failed.connect(
            lambda error: self.notice.show_message(error.message, error.cure)
        )
        self.choice = QComboBox()
        name_control(self.choice, tr("Files"), tr("Which files to download"))
        self.choice.currentIndexChanged.connect(self._on_choice_changed)
        self.choice.hide()
        self.about = label("", wrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, tr("Download progress"), tr("Part of the model that was downloaded"))
        self.bar.hide()
        self.status = label("", "muted", wrap=True)
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def _create_buttons(self) -> None:
        self.look_button = button(
            tr("Look up"),
            tr("Show what the repository contains; nothing is downloaded yet"),
            self.look_up,
        )
        self.license_button = button(
            tr("Read the license…"),
            tr("Show the license file of the repository"),
            self._show_license,
        )
        self.license_button.hide()
        self.hub_button = button(
            tr("Hub and account…"),
            tr("Use another hub, an access token, or work offline"),
            self._show_hub,
        )
        self.download_button = button(
            tr("Download"), tr("Download the model"), self.download, "save", primary=True
        )
        self.pause_button = button(
            tr("Pause"), tr("Pause the download; it can continue later"), self.pause, "pause"
        )
        self.close_button = button(
            tr("Close"), tr("Close this dialog and pause the download"), self.close
        )
        for control in (
            self.look_button,
            self.hub_button,
            self.pause_button,
            self.close_button,
            self.license_button,
        ):
            control.setAutoDefault(False)

    def _create_layout(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(row(self.name, self.look_button))
        layout.addWidget(self.partial)
        layout.addWidget(self.notice)
        layout.addWidget(self.choice)
        layout.addWidget(self.about)
        layout.addWidget(row(self.license_button, None))
        layout.addStretch(1)
        layout.addWidget(self.status)
        layout.addWidget(self.bar)
        layout.addWidget(
            row(self.hub_button, None, self.pause_button, self.download_button, self.close_button)
        )

    # Look up
    # ----------------------------------------------------------------------

    def look_up(self) -> None:
        """Query the repository's files, size and license."""
        hub, repository = self._parse_input()
        if hub is None or repository is None or self._thread is not None:
            return
        self._reset()
        self.status.setText(tr("Connecting to {host}…", host=hub.host))
        data = self.shared.data
        self._start(
            lambda _report, cancelled: query(data, repository, cancelled, hub), self._on_looked_up
        )

    def _parse_input(self) -> tuple[Hub | None, Repository | None]:
        try:
            hub = hub_of(self.shared.settings)
            return hub, parse_repository(self.name.text(), hub)
        except StudioError as error:
            self.notice.show_message(error.message, error.cure)
            return None, None

    def _on_looked_up(self, looked_up: DownloadEstimate) -> None:
        self._found = looked_up
        self.status.setText("")
        found = looked_up.contents
        if found.closed is not None:
            page = button(
                tr("Open page"), tr("Show the repository in the browser"), self._open_page
            )
            self.notice.show_message(found.closed.message, found.closed.cure, [page])
        self.choice.blockSignals(True)
        if found.files and found.files != found.choices[:1]:
            self.choice.addItem(
                tr_plural(
                    "1 file, {size}",
                    "{count} files, {size}",
                    len(found.files),
                    size=size_text(found.size),
                ),
                looked_up.repository.files,
            )
        for file in found.choices:
            if (file.path,) != looked_up.repository.files:
                self.choice.addItem(f"{file.path}, {size_text(file.size)}", (file.path,))
        self.choice.blockSignals(False)
        self.choice.setVisible(self.choice.count() > 1)
        self.license_button.setVisible(bool(found.license_text))
        self._on_choice_changed()

    def _on_choice_changed(self, _index: int = 0) -> None:
        looked_up = self._found
        if looked_up is None:
            return
        found, files = looked_up.contents, self.choice.currentData() or ()
        chosen = [file for file in found.choices if (file.path,) == tuple(files)] or list(
            found.files
        )
        downloaded = looked_up.downloaded if chosen == list(found.files) else 0
        lines = [_size_line(looked_up, chosen, downloaded)] if chosen else []
        lines.append(_license_line(found))
        if found.languages:
            more = " …" if len(found.languages) > MAX_LANGUAGES else ""
            names = ", ".join(map(language_name, found.languages[:MAX_LANGUAGES]))
            lines.append(tr("Languages: {names}", names=f"{names}{more}"))
        self.about.setText("\n".join(lines))
        self._update_controls()

    def _open_page(self) -> None:
        if self._found is not None:
            QDesktopServices.openUrl(
                QUrl(f"{hub_of(self.shared.settings).endpoint}/{self._found.repository.repo}")
            )

    def _show_license(self) -> None:
        if self._found is None:
            return
        shown = QDialog(self)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.setWindowTitle(tr("License"))
        resize_to_fit(shown, 640, 480)
        text = PlainEditor()
        text.setReadOnly(True)
        text.setPlainText(
            "\n".join(printable(line) for line in self._found.contents.license_text.splitlines())
        )
        name_control(text, tr("License"), tr("The license file of the repository"))
        QVBoxLayout(shown).addWidget(text)
        shown.open()

    def _show_hub(self) -> None:
        from studio.ui.models.hub_dialog import HubDialog

        dialog = HubDialog(self.shared, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._reset)
        dialog.open()

    # Download
    # ----------------------------------------------------------------------

    def download(self) -> None:
        """Download exactly the commit that was looked up."""
        if self._found is None or self._thread is not None:
            return
        looked_up, hub, data = self._found, hub_of(self.shared.settings), self.shared.data
        repository = msgspec.structs.replace(
            looked_up.repository,
            revision=looked_up.contents.commit,
            files=tuple(self.choice.currentData() or ()),
        )
        self.notice.clear()
        self.status.setText(tr("Connecting to {host}…", host=hub.host))
        self.running.add(repository.repo)
        self._start(
            lambda report, cancelled: download(data, repository, report, cancelled, hub=hub),
            self._on_downloaded,
        )

    def pause(self) -> None:
        """Pause the download; it can be continued."""
        if self._thread is not None:
            self._thread.stop()
            self.status.setText(tr("Pausing…"))

    def _start(self, work: Work, handle_result: Callable[[Any], None]) -> None:
        self._thread = WorkThread(work)
        self._handle_result = handle_result
        self._thread.progressed.connect(self._on_progressed)
        # One slot each: two connections are two events, with a paint or a click in between.
        self._thread.done.connect(self._on_done)
        self._thread.failed.connect(self._on_failed)
        self._thread.begin()
        self._update_controls()

    def _on_progressed(self, progress: InstallProgress) -> None:
        self.bar.setVisible(bool(progress.total))
        self.bar.setRange(0, 1000)
        self.bar.setValue(int(1000 * progress.done / progress.total) if progress.total else 0)
        speed = pace_text(progress)
        status = (
            tr(
                "{phase} {done} of {total}",
                phase=progress.phase,
                done=size_text(progress.done),
                total=size_text(progress.total),
            )
            if progress.total
            else f"{progress.phase}…"
        )
        self.status.setText(f"{status}, {speed}" if speed else status)

    def _on_done(self, result: object) -> None:
        self._end()
        self._handle_result(result)

    def _end(self) -> None:
        self._thread = None
        self._unregister()
        self.bar.hide()
        self.status.setText("")
        self._update_controls()

    def _on_downloaded(self, card: ModelCard) -> None:
        self.shared.reload_models()
        self.shared.post_toast(tr("{title} is ready", title=card.title))
        self.status.setText(tr("{title} is ready.", title=card.title))
        self._found = None
        self._update_controls()

    def _on_failed(self, error: StudioError) -> None:
        self._end()
        if isinstance(error, InstallCancelledError):
            self.status.setText(tr("Paused. Download continues it."))
        else:
            self.notice.show_message(error.message, error.cure)

    # State
    # ----------------------------------------------------------------------

    def _unregister(self) -> None:
        if self._found is not None:
            self.running.discard(self._found.repository.repo)

    def _on_continue_requested(self, repo: str) -> None:
        self.name.setText(repo)
        self.look_up()

    def _on_edited(self, _text: str) -> None:
        self._reset()

    def _reset(self) -> None:
        if self._thread is not None:
            return
        self._found = None
        self.notice.clear()
        self.about.setText("")
        self.status.setText("")
        self.license_button.hide()
        self.choice.hide()
        self.choice.clear()
        self._update_controls()

    def _update_controls(self) -> None:
        busy, looked_up = self._thread is not None, self._found
        ready = (
            looked_up is not None
            and looked_up.contents.closed is None
            and bool(looked_up.contents.files or looked_up.contents.choices)
        )
        self.name.setEnabled(not busy)
        self.choice.setEnabled(not busy)
        self.hub_button.setEnabled(not busy)
        self.partial.setEnabled(not busy)
        if busy or looked_up is not None:
            self.partial.hide()
        self.look_button.setVisible(not busy)
        self.download_button.setVisible(not busy)
        self.download_button.setEnabled(ready)
        self.pause_button.setVisible(busy)

    def done(self, result: int) -> None:
        """Pause the download when the dialog closes, in whatever way."""
        if self._thread is not None:
            self._thread.stop()
            self._unregister()
            self.shared.reload_models()  # the download may have completed in the last moment
        super().done(result)


def _size_line(looked_up: DownloadEstimate, chosen: Sequence[RemoteFile], downloaded: int) -> str:
    """Describe the files to download; `downloaded`: bytes of them that are on the disk."""
    size, free = size_text(sum(file.size for file in chosen)), size_text(looked_up.free)
    if not downloaded:
        return tr("{size} to download; {free} free on disk.", size=size, free=free)
    return tr(
        "{size} to download, {downloaded} of it already downloaded; {free} free on disk.",
        size=size,
        downloaded=size_text(downloaded),
        free=free,
    )


def _license_line(found: RepositoryContents) -> str:
    license = found.license or tr("unknown; ask the authors before you use the model")
    if found.license_link:
        license += f", {found.license_link}"
    line = tr("License: {license}.", license=license)
    return f"{line} {tr('You must accept its terms on the hub.')}" if found.gated else line
