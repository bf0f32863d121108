"""The buttons of the canvas: tools, brush, changes of the whole mask, ratios."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QMenu,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked
from studio.media.masks.frame import (
    RATIOS,
    Frame,
    cropped_to_ratio,
    extended_to_ratio,
    whole,
)
from studio.ui.image.canvas.operations import Clear, Cover, Feather, Invert, Operation, Resize
from studio.ui.image.canvas.tools import ToolKind
from studio.ui.image.canvas.view import BRUSH_SIZES, CanvasView
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon

MAX_RADIUS = 500
"""Of grow, shrink and feather, in pixels of the image."""


class _ToolText(NamedTuple):
    icon: str
    name: str
    tip: str
    key: str


_TOOLS = {
    ToolKind.BRUSH: _ToolText("brush", mark("Brush"), mark("Paint what should change (B)"), "B"),
    ToolKind.ERASER: _ToolText("eraser", mark("Eraser"), mark("Erase paint (E)"), "E"),
    ToolKind.RECTANGLE: _ToolText(
        "rectangle", mark("Rectangle"), mark("Drag a rectangle (R)"), "R"
    ),
    ToolKind.LASSO: _ToolText("lasso", mark("Lasso"), mark("Draw around an area (L)"), "L"),
    ToolKind.POLYGON: _ToolText(
        "polygon",
        mark("Polygon"),
        mark("Click corners; a double click or Enter closes the shape (P)"),
        "P",
    ),
    ToolKind.FILL: _ToolText(
        "fill", mark("Fill"), mark("Fill an area up to the edge of the mask (G)"), "G"
    ),
    ToolKind.FRAME: _ToolText(
        "crop",
        mark("Crop or extend"),
        mark("Drag the edges in to crop the image, out to extend it (C)"),
        "C",
    ),
}


class CanvasToolbar(QWidget):
    """Two rows of buttons; the second one belongs to the mask or to the frame."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__()
        self.view = view
        self.keys: dict[str, Callable[[], object]] = {}
        """Key → what it does on the canvas."""
        self.tool_buttons = {kind: self._make_tool(kind) for kind in ToolKind}
        self._group = QButtonGroup(self)
        for tool in self.tool_buttons.values():
            self._group.addButton(tool)
        self._make_brush()
        self._make_mask_buttons()
        self._make_frame_controls()
        self._create_layout()
        self.tool_buttons[ToolKind.BRUSH].setChecked(True)
        view.brush_changed.connect(self._on_brush_changed)
        view.frame_changed.connect(self._on_frame_changed)
        view.painted.changed.connect(self.update_buttons)
        self.update_buttons()

    # Controls
    # ----------------------------------------------------------------------

    def _make_tool(self, kind: ToolKind) -> QToolButton:
        text = _TOOLS[kind]
        tool = _button(text.icon, tr_marked(text.name), tr_marked(text.tip), lambda: None)
        tool.setCheckable(True)
        tool.toggled.connect(lambda is_on: self._on_tool(kind) if is_on else None)
        self.keys[text.key] = tool.click
        return tool

    def _make_brush(self) -> None:
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(*BRUSH_SIZES)
        self.size_slider.setValue(self.view.brush)
        self.size_slider.setPageStep(20)
        self.size_slider.setMinimumWidth(70)
        name_control(
            self.size_slider,
            tr("Brush size"),
            tr("Width of the brush on the screen ([ and ], or Ctrl and the wheel)"),
        )
        self.size_slider.valueChanged.connect(self._on_slider)
        self.keys["["] = lambda: self.view.set_brush(round(self.view.brush / 1.25))
        self.keys["]"] = lambda: self.view.set_brush(round(self.view.brush * 1.25) + 1)
        self.remove_button = _button(
            "subtract",
            tr("Remove from the mask"),
            tr("The tools remove from the mask instead of adding to it (X, or hold Alt)"),
            lambda: None,
        )
        self.remove_button.setCheckable(True)
        self.remove_button.toggled.connect(self._on_remove)
        self.keys["X"] = self.remove_button.click

    def _make_mask_buttons(self) -> None:
        mask = self.view.painted
        self.undo_button = _button(
            "undo", tr("Undo"), tr("Undo the last change (Ctrl+Z)"), mask.undo
        )
        self.redo_button = _button(
            "redo", tr("Redo"), tr("Redo what was undone (Ctrl+Shift+Z)"), mask.redo
        )
        self.invert_button = self._change(
            "invert", tr("Invert"), tr("Swap masked and unmasked areas (Ctrl+I)"), Invert
        )
        self.clear_button = self._change(
            "trash", tr("Clear"), tr("Remove the whole mask (Delete)"), Clear
        )
        self.radius = QSpinBox()
        self.radius.setRange(1, MAX_RADIUS)
        self.radius.setValue(8)
        self.radius.setSuffix(" px")
        name_control(
            self.radius, tr("Radius"), tr("For grow, shrink and feather, in pixels of the image")
        )
        radius = self.radius.value
        self.grow_button = self._change(
            "grow", tr("Grow"), tr("Widen the mask by the radius"), lambda: Resize(radius())
        )
        self.shrink_button = self._change(
            "shrink", tr("Shrink"), tr("Narrow the mask by the radius"), lambda: Resize(-radius())
        )
        self.feather_button = self._change(
            "feather",
            tr("Feather"),
            tr("Blur the edge of the mask by the radius, so that the change fades out"),
            lambda: Feather(radius()),
        )
        self.eye_button = _button(
            "eye", tr("Show the mask"), tr("Show or hide the mask (M)"), lambda: None
        )
        self.eye_button.setCheckable(True)
        self.eye_button.setChecked(True)
        self.eye_button.toggled.connect(self.view.show_mask)
        self.keys |= {
            "Ctrl+Z": mask.undo,
            "Ctrl+Shift+Z": mask.redo,
            "Ctrl+Y": mask.redo,
            "Ctrl+I": self.invert_button.click,
            "Del": self.clear_button.click,
            "Ctrl+A": lambda: mask.apply(Cover(), tr("Mask everything")),
            "M": self.eye_button.click,
        }

    def _change(self, icon: str, name: str, tip: str, make: Callable[[], Operation]) -> QToolButton:
        """Make a button that changes the whole mask."""
        return _button(icon, name, tip, lambda: self.view.painted.apply(make(), name))

    def _make_frame_controls(self) -> None:
        self.ratio_button = QToolButton()
        self.ratio_button.setText(tr("Ratio"))
        self.ratio_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        name_control(
            self.ratio_button, tr("Ratio"), tr("Extend or crop the image to an aspect ratio")
        )
        self.ratio_menu = QMenu(self)
        self.ratio_button.setMenu(self.ratio_menu)
        self.sides: dict[str, QSpinBox] = {}
        for side, name, tip in (
            ("left", tr("Left"), tr("Pixels to add on the left; negative numbers crop")),
            ("top", tr("Top"), tr("Pixels to add at the top; negative numbers crop")),
            ("right", tr("Right"), tr("Pixels to add on the right; negative numbers crop")),
            ("bottom", tr("Bottom"), tr("Pixels to add at the bottom; negative numbers crop")),
        ):
            box = QSpinBox()
            box.setKeyboardTracking(False)
            box.setMinimumWidth(64)
            name_control(box, name, tip)
            box.valueChanged.connect(self._on_side)
            self.sides[side] = box

    def _create_layout(self) -> None:
        tools = list(self.tool_buttons.values())
        self._brush_row = row(self.remove_button, self.size_slider, spacing=4)
        self._mask_row = row(
            self.invert_button,
            self.clear_button,
            self.eye_button,
            self.radius,
            self.grow_button,
            self.shrink_button,
            self.feather_button,
            None,
            spacing=4,
        )
        names = {"left": tr("Left"), "top": tr("Top")}
        names |= {"right": tr("Right"), "bottom": tr("Bottom")}
        columns = []
        for side, box in self.sides.items():
            title = label(names[side], "muted")
            title.setBuddy(box)
            columns.append(_stacked(title, box))
        self._frame_row = row(*columns, _stacked(label(), self.ratio_button), None, spacing=6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(
            row(*tools, self._brush_row, None, self.undo_button, self.redo_button, spacing=4)
        )
        layout.addWidget(self._mask_row)
        layout.addWidget(self._frame_row)

    # What changes
    # ----------------------------------------------------------------------

    def choose(self, kind: ToolKind) -> None:
        """Choose a tool."""
        self.tool_buttons[kind].setChecked(True)
        self._on_tool(kind)

    def offer_mask(self, *, is_offered: bool) -> None:
        """Disable the tools of the mask if the model takes none."""
        for kind, tool in self.tool_buttons.items():
            tool.setEnabled(is_offered or kind is ToolKind.FRAME)

    def offer_ratios(self) -> None:
        """Fill the menu for the image that is shown."""
        self.ratio_menu.clear()
        size = self.view.image_size
        self.ratio_menu.addAction(tr("As it is"), lambda: self.view.request_frame(whole(size)))
        for is_extended, text in (
            (True, mark("Extend to {width}:{height}")),
            (False, mark("Crop to {width}:{height}")),
        ):
            if is_extended and not self.view.can_extend:
                continue
            self.ratio_menu.addSeparator()
            for ratio in RATIOS:
                make = extended_to_ratio if is_extended else cropped_to_ratio
                title = tr_marked(text).format(width=ratio[0], height=ratio[1])
                ask = functools.partial(self.view.request_frame, make(size, ratio))
                self.ratio_menu.addAction(title, ask)
        self._on_frame_changed()

    def update_buttons(self) -> None:
        """Enable what has an effect."""
        mask = self.view.painted
        is_busy = not mask.is_idle
        self.undo_button.setEnabled(mask.stack.canUndo() or is_busy)
        self.redo_button.setEnabled(mask.stack.canRedo() or is_busy)
        for control in (
            self.clear_button,
            self.grow_button,
            self.shrink_button,
            self.feather_button,
        ):
            control.setEnabled(not mask.is_empty or is_busy)

    def _on_tool(self, kind: ToolKind) -> None:
        self.view.choose(kind)
        is_frame = kind is ToolKind.FRAME
        self._frame_row.setVisible(is_frame)
        self._mask_row.setVisible(not is_frame)
        self._brush_row.setEnabled(not is_frame)
        self.size_slider.setEnabled(kind in (ToolKind.BRUSH, ToolKind.ERASER))
        self.remove_button.setEnabled(kind is not ToolKind.ERASER)

    def _on_remove(self, is_on: bool) -> None:  # a slot
        self.view.erases = is_on

    def _on_slider(self, value: int) -> None:
        if value != self.view.brush:
            self.view.set_brush(value)

    def _on_brush_changed(self) -> None:
        self.size_slider.setValue(self.view.brush)

    def _on_side(self) -> None:
        left, top, right, bottom = (box.value() for box in self.sides.values())
        width, height = self.view.image_size
        self.view.request_frame(Frame(-left, -top, width + right, height + bottom))
        self._on_frame_changed()  # it may be another one, with sides that the model can generate

    def _on_frame_changed(self) -> None:
        width, height = self.view.image_size
        frame = self.view.frame
        added = (-frame.left, -frame.top, frame.right - width, frame.bottom - height)
        for box, value, length in zip(
            self.sides.values(), added, (width, height, width, height), strict=True
        ):
            box.blockSignals(True)
            box.setRange(8 - length, length if self.view.can_extend else 0)
            box.setSingleStep(self.view.multiple)
            box.setValue(value)
            box.blockSignals(False)


def _button(icon: str, name: str, tip: str, on_clicked: Callable[[], object]) -> QToolButton:
    result = QToolButton()
    set_icon(result, icon)
    name_control(result, name, tip)
    result.clicked.connect(lambda _checked=False: on_clicked())
    return result


def _stacked(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    for widget in widgets:
        layout.addWidget(widget)
    return holder
