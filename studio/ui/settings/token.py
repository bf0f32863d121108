"""The access token of the hub, in the settings window: stored in the desktop's keyring."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.models.hub.credentials import store_token, token_for
from studio.models.hub.repository import ENDPOINT_VARIABLE, Hub, hub_of
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.settings.row import contains, mark_words
from studio.ui.widgets.factory import Notice, button, label, name_control, row

TITLE = mark("Access token")
ABOUT = mark(
    "For models whose terms you must accept. It is kept in the desktop's keyring and sent to this "
    "hub only; most models need none."
)


class TokenPanel(QWidget):
    """Adds, replaces and deletes the token."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText("hf_…")  # not translated: how a token begins
        name_control(self.token, tr_marked(TITLE), tr_marked(ABOUT))
        self.save_button = button(tr("Save token"), tr("Store it in the keyring"), self._save)
        self.delete_button = button(
            tr("Delete token"), tr("Delete it from the keyring"), self._delete
        )
        self.account = label("", "muted", wrap=True)
        self.notice = Notice()
        self._title, self._about = (
            label(tr_marked(TITLE)),
            label(tr_marked(ABOUT), "muted", wrap=True),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(6)
        layout.addWidget(self._title)
        layout.addWidget(self._about)
        layout.addWidget(row(self.token, self.save_button, self.delete_button))
        layout.addWidget(self.account)
        if address := os.environ.get(ENDPOINT_VARIABLE):
            layout.addWidget(
                label(
                    tr(
                        "{variable} is set: {address} is used.",
                        variable=ENDPOINT_VARIABLE,
                        address=address,
                    ),
                    wrap=True,
                )
            )
        layout.addWidget(self.notice)
        self.token.textChanged.connect(lambda text: self.save_button.setEnabled(bool(text.strip())))
        self.token.returnPressed.connect(self._save)
        shared.settings_changed.connect(self._on_settings_changed)
        self.save_button.setEnabled(False)
        self.delete_button.setEnabled(False)

    def matches(self, words: Sequence[str]) -> bool:
        """True if each word is in the panel's texts."""
        return contains(" ".join((*self._texts(), tr("Hub account token"))), words)

    def highlight(self, words: Sequence[str]) -> None:
        """Mark the words."""
        title, about = self._texts()
        mark_words(self._title, title, words)
        mark_words(self._about, about, words)

    def _texts(self) -> tuple[str, str]:
        return tr_marked(TITLE), tr_marked(ABOUT)

    def look_up(self) -> None:
        """Show whether a token is stored; in another thread, as the keyring may ask something."""
        hub = self._hub()
        if hub is not None:
            background.run(self, lambda: bool(token_for(hub)), self._on_token_known)

    def _hub(self) -> Hub | None:
        try:
            return hub_of(self._shared.settings)
        except StudioError as error:
            self.notice.show_message(error.message, error.cure)
            return None

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if "endpoint" in names and self.isVisible():
            self.look_up()

    def _on_token_known(self, exists: bool) -> None:
        self.account.setText(tr("A token is saved.") if exists else tr("No token is saved."))
        self.delete_button.setEnabled(exists)

    def _save(self) -> None:
        if self.token.text().strip():
            self._store(self.token.text().strip())

    def _delete(self) -> None:
        self._store("")

    def _store(self, token: str) -> None:
        hub = self._hub()
        if hub is None:
            return
        self.save_button.setEnabled(False)
        self.notice.clear()
        background.run(
            self, lambda: store_token(hub, token), lambda _none: self._on_stored(), self._on_failed
        )

    def _on_stored(self) -> None:
        self.token.clear()
        self.look_up()

    def _on_failed(self, error: Exception) -> None:
        self.save_button.setEnabled(bool(self.token.text()))
        if not isinstance(error, StudioError):
            raise error
        self.notice.show_message(error.message, error.cure)
