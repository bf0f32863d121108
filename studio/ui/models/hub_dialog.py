"""The dialog of download settings: hub, access token, offline."""

from __future__ import annotations

import os

from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.settings_catalog.endpoint import ENDPOINT, checked_endpoint
from studio.core.translation import tr
from studio.models.hub.credentials import store_token, token_for
from studio.models.hub.repository import ENDPOINT_VARIABLE, Hub, hub_of
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.widgets.factory import Notice, button, label, name_control, row


class HubDialog(QDialog):
    """Saves address and offline in the settings, and the token in the desktop's keyring."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self.setWindowTitle(tr("Hub and account"))
        resize_to_fit(self, 520, 280)
        self.notice = Notice()
        self.endpoint = QLineEdit(shared.settings.endpoint)
        self.endpoint.setPlaceholderText(ENDPOINT)
        name_control(
            self.endpoint,
            tr("Address of the hub"),
            tr("A mirror or your company's hub; leave empty for the default"),
        )
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText("hf_…")  # not translated: how a token begins
        name_control(
            self.token,
            tr("Token"),
            tr(
                "Your account's access token; saved in the desktop's keyring, sent to this hub only"
            ),
        )
        self.account = label("", "muted", wrap=True)
        self.delete_button = button(
            tr("Delete token"), tr("Delete the token from the keyring"), self._delete_token
        )
        self.offline = QCheckBox(tr("Offline: never download anything"))
        self.offline.setChecked(shared.settings.offline)
        name_control(self.offline, tr("Offline"), tr("While this is on, Studio downloads nothing"))
        self._before = {"endpoint": shared.settings.endpoint, "offline": shared.settings.offline}
        self.save_button = button(tr("Save"), tr("Save these settings"), self._save, primary=True)
        self.cancel_button = button(tr("Cancel"), tr("Close and discard the changes"), self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(self.notice)
        layout.addWidget(label(tr("Address of the hub"), "muted"))
        layout.addWidget(self.endpoint)
        if os.environ.get(ENDPOINT_VARIABLE):
            override = os.environ[ENDPOINT_VARIABLE]
            text = tr(
                "{variable} is set and takes precedence: {endpoint}",
                variable=ENDPOINT_VARIABLE,
                endpoint=override,
            )
            layout.addWidget(label(text, "muted", wrap=True))
        layout.addWidget(label(tr("Access token, for models whose terms you must accept"), "muted"))
        layout.addWidget(row(self.token, self.delete_button))
        layout.addWidget(self.account)
        layout.addWidget(self.offline)
        layout.addStretch(1)
        layout.addWidget(row(None, self.cancel_button, self.save_button))
        self._show_account()

    def _hub(self) -> Hub | None:
        try:
            return hub_of(self.shared.settings)
        except StudioError as error:
            self.notice.show_message(error.message, error.cure)
            return None

    def _show_account(self) -> None:
        self.delete_button.setEnabled(False)
        hub = self._hub()
        if hub is None:
            return
        # In another thread: the keyring may ask for its password.
        background.run(self, lambda: bool(token_for(hub)), self._on_token_known)

    def _on_token_known(self, exists: bool) -> None:
        self.account.setText(
            tr("A token is saved.") if exists else tr("No token is saved; most models need none.")
        )
        self.delete_button.setEnabled(exists)

    def _save(self) -> None:
        text, token = self.endpoint.text().strip(), self.token.text().strip()
        try:
            endpoint = checked_endpoint(text) if text else ""
        except StudioError as error:
            self.notice.show_message(error.message, error.cure)
            return
        values = {"endpoint": endpoint, "offline": self.offline.isChecked()}
        # Only what was edited here: a command may have changed the other setting meanwhile.
        self.shared.change_settings(
            **{name: value for name, value in values.items() if value != self._before[name]}
        )
        if token:
            self._store_token(token)
        else:
            self.accept()

    def _delete_token(self) -> None:
        self._store_token("")

    def _store_token(self, token: str) -> None:
        hub = self._hub()
        if hub is None:
            return
        self.save_button.setEnabled(False)
        background.run(
            self,
            lambda: store_token(hub, token),
            lambda _none: self._on_stored(token),
            self._on_failed,
        )

    def _on_stored(self, token: str) -> None:
        self.save_button.setEnabled(True)
        self.token.clear()
        self._show_account()
        if token:
            self.accept()

    def _on_failed(self, error: Exception) -> None:
        self.save_button.setEnabled(True)
        if not isinstance(error, StudioError):
            raise error
        self.notice.show_message(error.message, error.cure)
