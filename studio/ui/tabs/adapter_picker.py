"""Choose adapters for an image: each with its strength, trigger words and image."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.requests import adapter_list
from studio.core.requests.adapter_list import MAX_SCALE, AdapterChoice
from studio.core.translation import mark, tr, tr_marked
from studio.models.adapter_compatibility import ADAPTER_TITLES, compatible
from studio.models.card import ModelCard
from studio.ui.widgets.elided_label import elided
from studio.ui.widgets.factory import button, label, name_control, row
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.request_field import WheelGuard

FIELDS = ("adapters", "control_image", "ip_adapter_image")
"""Fields of the request that are chosen here."""
_IMAGE_FIELDS = {"controlnet": "control_image", "ip-adapter": "ip_adapter_image"}
_WITHOUT_STRENGTH = ("vae", "textual-inversion")
_FILES = mark("Images (*.png *.jpg *.jpeg *.webp *.bmp)")


class AdapterRows(QWidget):
    """A button that offers adapters, and a row per chosen one; hidden if there are neither."""

    changed = Signal()
    words_wanted = Signal(str)
    """Trigger words to add to the prompt."""

    def __init__(self) -> None:
        super().__init__()
        self._installed: dict[str, ModelCard] = {}
        self._fitting: list[ModelCard] = []
        self._chosen: list[AdapterChoice] = []
        self._unread = ""
        self._images: dict[str, str] = dict.fromkeys(_IMAGE_FIELDS.values(), "")
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.add_button = button(
            tr("Add adapter…"),
            tr("Change the model with a LoRA or another adapter"),
            lambda: None,
            "plus",
        )
        self.add_button.setMenu(self.menu)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(row(label(tr("Adapters"), "muted"), None, self.add_button))
        layout.addLayout(self._rows)
        self._guard = WheelGuard(self)
        self._show()

    def offer(self, installed: list[ModelCard], model: ModelCard | None) -> None:
        """Offer the installed adapters that fit a model; the chosen ones stay chosen."""
        self._installed = {card.name: card for card in installed if card.adapter}
        takes = model is not None and model.runner == "diffusers"
        self._fitting = (
            sorted(compatible(list(self._installed.values()), model), key=_by_title)
            if model is not None and takes
            else []
        )
        self._show()

    def values(self) -> dict[str, Any]:
        """Return the fields of the request."""
        return {"adapters": self._unread or adapter_list.write(self._chosen), **self._images}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show the adapters and images of a request."""
        if "adapters" in values:
            text = str(values["adapters"] or "")
            try:
                self._chosen, self._unread = list(adapter_list.read(text)), ""
            except ValueError:  # from a draft or a file: shown as it is, refused by the request
                self._chosen, self._unread = [], text
        self._images |= {
            field: str(values[field] or "") for field in self._images if field in values
        }
        self._show()
        self.changed.emit()

    def choose(self, card: ModelCard) -> None:
        """Add an adapter."""
        self._chosen.append(AdapterChoice(card.name))
        self._on_changed()

    def remove(self, name: str) -> None:
        """Remove an adapter, with its image."""
        self._chosen = [one for one in self._chosen if one.name != name]
        self._clear_unused_images()
        self._on_changed()

    def _clear_unused_images(self) -> None:
        """Clear images that no chosen adapter uses; the request would be refused for them."""
        kinds = {
            card.adapter if (card := self._installed.get(one.name)) is not None else ""
            for one in self._chosen
        }
        for kind, field in _IMAGE_FIELDS.items():
            if not kinds & {kind, ""}:  # an adapter that is no longer installed may be of any kind
                self._images[field] = ""

    def _on_changed(self) -> None:
        self._show()
        self.changed.emit()

    def _set_scale(self, name: str, scale: float) -> None:
        self._chosen = [
            AdapterChoice(name, scale) if one.name == name else one for one in self._chosen
        ]
        self.changed.emit()

    def _clear(self) -> None:
        self._unread, self._chosen = "", []
        self._clear_unused_images()
        self._on_changed()

    # Rows
    # ----------------------------------------------------------------------

    def _show(self) -> None:
        while self._rows.count():
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for one in self._chosen:
            self._put(self._row(one))
            card = self._installed.get(one.name)
            if card is not None and card.adapter in _IMAGE_FIELDS:
                self._put(self._image_row(_IMAGE_FIELDS[card.adapter]))
        if self._unread:
            clear = _tool(tr("Remove"), tr("Remove it"), self._clear)
            self._put(row(elided(self._unread, self._unread), clear, spacing=4))
        self._fill_menu()
        self.setVisible(
            bool(self._fitting or self._chosen or self._unread or any(self._images.values()))
        )

    def _put(self, widget: QWidget) -> None:
        self._rows.addWidget(widget)
        widget.show()  # at once; the layout would show it later

    def _fill_menu(self) -> None:
        self.menu.clear()
        names = {one.name for one in self._chosen}
        for card in self._fitting:
            if card.name not in names:
                action = self.menu.addAction(
                    card.title.replace("&", "&&"), functools.partial(self.choose, card)
                )
                action.setToolTip(_tip(card))
        self.add_button.setEnabled(bool(self.menu.actions()))

    def _row(self, one: AdapterChoice) -> QWidget:
        card = self._installed.get(one.name)
        title = card.title if card is not None else one.name
        tools: list[QWidget] = []
        if card is None or card.adapter not in _WITHOUT_STRENGTH:
            tools.append(self._strength(one, title))
        if card is not None and card.trigger_words:
            words = ", ".join(card.trigger_words)
            tip = tr("Add to the prompt: {words}", words=words)
            use, title_of_words = functools.partial(self.words_wanted.emit, words), tr("Words")
            tools.append(_tool(title_of_words, tip, use, text=title_of_words))
        tools.append(
            _tool(
                tr("Remove {title}", title=title),
                tr("Generate without {title}", title=title),
                functools.partial(self.remove, one.name),
            )
        )
        return row(
            elided(
                title,
                _tip(card) if card is not None else tr("{name} is not installed.", name=one.name),
            ),
            *tools,
            spacing=6,
        )

    def _strength(self, one: AdapterChoice, title: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setDecimals(2)
        spin.setRange(-MAX_SCALE, MAX_SCALE)
        spin.setSingleStep(0.05)
        spin.setValue(one.scale)
        spin.setFixedWidth(78)
        spin.lineEdit().setTextMargins(6, 0, 6, 0)
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        spin.installEventFilter(self._guard)
        name_control(
            spin, tr("Strength of {title}", title=title), tr("1 as trained, 0 without effect")
        )
        spin.valueChanged.connect(functools.partial(self._set_scale, one.name))
        return spin

    def _image_row(self, field: str) -> QWidget:
        is_control = field == "control_image"
        path = self._images[field]
        choose = button(
            tr("Control image…") if is_control else tr("Example image…"),
            tr("Choose the control image") if is_control else tr("Choose the example image"),
            functools.partial(self._choose_image, field),
            "image",
        )
        return row(
            choose,
            elided(
                Path(path).name if path else tr("none chosen"),
                path or tr("This adapter needs an image."),
            ),
            spacing=6,
        )

    def _choose_image(self, field: str) -> None:
        folder = str(Path(self._images[field]).parent) if self._images[field] else str(Path.home())
        name, _filter = QFileDialog.getOpenFileName(self, tr("Image"), folder, tr_marked(_FILES))
        if name:
            self._images[field] = name
            self._on_changed()


def _by_title(card: ModelCard) -> str:
    return card.title.casefold()


def _tip(card: ModelCard) -> str:
    """Return a few lines about an adapter."""
    lines = [card.title]
    if not card.base:
        adapter, model = tr_marked(ADAPTER_TITLES[card.adapter]), tr_marked(card.family)
        what = tr("{adapter} for {model}", adapter=adapter, model=model)
        lines = [f"{what[:1].upper()}{what[1:]}"]
    if card.trigger_words:
        lines.append(tr("Trigger words: {words}", words=", ".join(card.trigger_words)))
    return "\n".join(filter(None, [*lines, tr_marked(card.description)]))


def _tool(name: str, tip: str, pressed: Callable[[], object], *, text: str = "") -> QToolButton:
    tool = QToolButton()
    if text:
        tool.setText(text)
    else:
        set_icon(tool, "trash")
    name_control(tool, name, tip)
    tool.clicked.connect(lambda _checked=False: pressed())
    return tool
