"""The page of the image stage on which a mask, a crop or an extension is made."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.image.canvas.editable_mask import EditableMask
from studio.ui.image.canvas.files import CanvasImage
from studio.ui.image.canvas.toolbar import CanvasToolbar
from studio.ui.image.canvas.tools import ToolKind
from studio.ui.image.canvas.view import CanvasView
from studio.ui.image.image_levels import ImageLevels
from studio.ui.widgets.factory import button, label, row


class CanvasOptions(NamedTuple):
    """What the chosen model can use."""

    takes_mask: bool = True
    multiple: int = 8
    """The sides of a result are multiples of it."""
    control: str = ""
    """Path of the form's control image; empty without one."""


class CanvasPage(QWidget):
    """Toolbar, canvas, and the buttons that use or discard what was made."""

    accepted = Signal()
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.painted = EditableMask(self)
        self.view = CanvasView(self.painted)
        self.toolbar = CanvasToolbar(self.view)
        self.message = label("", "muted", wrap=True)
        self.use_button = button(
            tr("Use"), tr("Use it for the next image (Enter)"), self.use, primary=True
        )
        self.cancel_button = button(
            tr("Cancel"), tr("Discard the changes and show the result again"), self.cancelled.emit
        )
        self.control_button = button(
            tr("Control image"),
            tr("Show or hide the control image over the image"),
            self._on_control,
            "layers",
        )
        self.control_button.setCheckable(True)
        self._control = ImageLevels()
        self._error = ""
        self._is_busy = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.message)
        layout.addWidget(row(self.control_button, None, self.cancel_button, self.use_button))
        self.painted.changed.connect(self._update)
        self.painted.failed.connect(self.show_error)
        self.view.frame_changed.connect(self._update)

    def show_loading(self) -> None:
        """Show that the image is being read."""
        self.painted.load({}, self.painted.size)
        self.view.open_image(ImageLevels())
        self.show_control(ImageLevels())
        self.set_busy(tr("Reading…"))

    def set_busy(self, text: str) -> None:
        """Show that a file is read or written; empty when that is done."""
        self._is_busy = bool(text)
        for control in (self.toolbar, self.view, self.use_button):
            control.setEnabled(not text)
        self.message.setText(text)
        self._update()

    def open(self, content: CanvasImage, options: CanvasOptions) -> None:
        """Show an image and its mask."""
        self._error = ""
        self.view.can_extend = options.takes_mask
        self.view.multiple = options.multiple
        self.view.open_image(content.levels)
        self.painted.load(content.tiles, content.levels.size)
        self.toolbar.offer_mask(is_offered=options.takes_mask)
        self.toolbar.offer_ratios()
        self.toolbar.choose(ToolKind.BRUSH if options.takes_mask else ToolKind.FRAME)
        self.set_busy("")
        self.view.setFocus()

    def show_control(self, levels: ImageLevels) -> None:
        """Offer a control image as a layer; empty for none."""
        self._control = levels
        self.control_button.setVisible(not levels.is_empty)
        self.control_button.setChecked(False)
        self._on_control()

    def show_error(self, text: str) -> None:
        """Show what went wrong; the canvas stays as it is."""
        self._error = text
        self._update()

    @property
    def is_changed(self) -> bool:
        """True if there is something to undo."""
        tool = self.view.tools.get(self.view.kind)
        is_drawing = tool is not None and tool.is_active
        return not self.painted.stack.isClean() or not self.painted.is_idle or is_drawing

    def use(self) -> None:
        """Use what was made, with a shape that is still open, when all of it is in the mask."""
        self.view.finish_shape()
        self.painted.call_when_idle(self._on_use)

    def _on_control(self) -> None:
        is_shown = self.control_button.isChecked()
        self.view.show_control(self._control if is_shown else ImageLevels())

    def _on_use(self) -> None:
        if self.use_button.isEnabled():
            self.accepted.emit()

    def _update(self) -> None:
        if self._is_busy:
            return
        view = self.view
        self.use_button.setEnabled(
            self.painted.is_idle
            and (view.is_framed or not self.painted.is_empty or self.is_changed)
        )
        size = tr("{width} × {height} pixels.", width=view.frame.width, height=view.frame.height)
        if self._error:
            text = self._error
        elif view.kind is ToolKind.FRAME:
            if view.can_extend:
                hint = tr("Drag the edges in to crop, out to extend.")
            else:
                hint = tr("Drag the edges in to crop. This model cannot extend images.")
            text = f"{size} {hint}"
        else:
            text = tr("Masked areas change. The rest of the image stays exactly as it is.")
        self.message.setText(text)

    # Keys
    # ----------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Take keys that belong to the canvas before the window's shortcuts get them."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and _key_of(event) in self.toolbar.keys
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a tool, change the mask, close a shape."""
        key = _key_of(event)
        action = self.toolbar.keys.get(key)
        if action is not None:
            action()
        elif key in ("Return", "Enter"):
            if not self.view.finish_shape():
                self.use()
        elif key == "Esc" and self.view.cancel_shape():
            pass
        else:
            super().keyPressEvent(event)


def _key_of(event: QKeyEvent) -> str:
    """Return a key with its modifiers as in a menu, "Ctrl+Z"."""
    if event.text() in ("[", "]"):  # on some keyboards only with AltGr
        return event.text()
    return QKeySequence(event.keyCombination()).toString().removeprefix("Num+")
