"""The form of the image tools: a tool, an image, and what the tool needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QWidget

from studio.core.errors import Problem
from studio.core.requests import ImageToolRequest, Request
from studio.core.requests.image_tool import STYLES, TOOLS
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.app_state import AppState
from studio.ui.image.image_file import ImageFile
from studio.ui.stage.image import ImageStage
from studio.ui.tabs.base import GenerateTab
from studio.ui.widgets.factory import button, label, name_control

if TYPE_CHECKING:
    from studio.ui.image.canvas.files import CanvasFiles


SIDES = ("left", "right", "top", "bottom")


class ToolStage(ImageStage):
    """Shows what the tools made."""

    kind = "image-tool"


class ImageToolTab(GenerateTab):
    """The form on the left, the changed image on the right."""

    kind = "image-tool"
    stage: ToolStage
    start_title = mark("Apply")
    own_fields = ("tool", "image", "mask_image", "style", "style_image", "logo")

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        self.tool = QComboBox()
        name_control(self.tool, tr("Tool"), tr("What is done with the image"))
        for name, tool in TOOLS.items():
            self.tool.addItem(tr_marked(tool.title), name)
        self._tool_title = label(tr("Tool"), "muted")
        self._tool_title.setBuddy(self.tool)
        self.about = label("", "muted", wrap=True)
        self.image_file = ImageFile(
            tr("Choose image…"), tr("Choose the image to work on, or drop one")
        )
        self.mask_file = ImageFile(tr("Mask file…"), tr("White areas of this image are filled"))
        self.paint_button = button(
            tr("Paint mask…"), tr("Paint on the image what is filled"), self.paint_mask
        )
        self.mask_file.add_button(self.paint_button)
        self.style_choice = QComboBox()
        name_control(
            self.style_choice, tr("Style"), tr("A style that comes along, or that of an image")
        )
        self.style_choice.addItem(tr("The style of an image"), "")
        for style, title in STYLES.items():
            self.style_choice.addItem(tr_marked(title), style)
        self.style_choice.setCurrentIndex(1)
        self._style_title = label(tr("Style"), "muted")
        self._style_title.setBuddy(self.style_choice)
        self.style_file = ImageFile(
            tr("Style image…"), tr("Choose the image whose style is taken, or drop one")
        )
        self.logo_file = ImageFile(
            tr("Logo…"), tr("Choose an image to put on the image, or drop one")
        )
        self._files = {
            "image": self.image_file,
            "mask_image": self.mask_file,
            "style_image": self.style_file,
            "logo": self.logo_file,
        }
        self._is_canvas_connected = False
        super().__init__(shared, parent)
        self.prompt_box.hide()
        self.tool.currentIndexChanged.connect(lambda _index: self._on_model_changed())
        self.style_choice.currentIndexChanged.connect(lambda _index: self._on_model_changed())
        for file in self._files.values():
            file.changed.connect(self._on_edited)
        self._on_model_changed()

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        style = (self._style_title, self.style_choice, self.style_file)
        files = (self.image_file, self.mask_file, self.logo_file)
        return [self._tool_title, self.tool, self.about, *files, *style]

    def focus_form(self) -> None:
        """See `FormTab`."""
        self.tool.setFocus()

    def create_stage(self) -> ToolStage:
        """See `GenerateTab`."""
        stage = ToolStage(self.shared)
        stage.tool_requested.connect(self.work_on)
        return stage

    def work_on(self, path: Path, tool: str = "") -> None:
        """Fill the form with an image and, if it is named, a tool."""
        self.image_file.set_path(str(path.absolute()))
        if tool:
            self.tool.setCurrentIndex(self.tool.findData(tool))

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        tool = self.tool.currentData()
        used = TOOLS[tool].fields
        style = self.style_choice.currentData() if "style" in used else ""
        return {
            "tool": tool,
            "image": self.image_file.path,
            "mask_image": self.mask_file.path if "mask_image" in used else "",
            "style": style,
            "style_image": self.style_file.path if "style" in used and not style else "",
            "logo": self.logo_file.path if "logo" in used else "",
        }

    def set_own_values(self, values: Mapping[str, Any]) -> None:
        """See `FormTab`."""
        for name, combo in (("tool", self.tool), ("style", self.style_choice)):
            value = values.get(name)
            index = combo.findData(value) if isinstance(value, str) else -1
            if index >= 0:
                combo.setCurrentIndex(index)
        for name, file in self._files.items():
            if name in values:
                file.set_path(str(values[name] or ""))

    def unused_fields(self, card: ModelCard | None) -> Iterable[str]:
        """See `FormTab`."""
        unused = ImageToolRequest.unused_with({"tool": self.tool.currentData()})
        return {*super().unused_fields(card), *unused}

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show what the chosen tool needs."""
        tool, name = TOOLS[self.tool.currentData()], self.tool.currentData()
        if card is not None and not card.builtin and name != "upscale":
            self.choose_model(self._builtin_name())  # the others only enlarge
            return
        has_choice = name == "upscale" and self.model.count() > 1
        for control in (self.model_title, self.model):
            control.setVisible(has_choice or card is None)
        self.about.setText(tr_marked(tool.description))
        self.mask_file.setVisible("mask_image" in tool.fields)
        self.logo_file.setVisible("logo" in tool.fields)
        for control in (self._style_title, self.style_choice):
            control.setVisible("style" in tool.fields)
        self.style_file.setVisible("style" in tool.fields and not self.style_choice.currentData())

    def _builtin_name(self) -> str:
        return next((card.name for card in self.shared.cards(self.kind) if card.builtin), "")

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Add why a file cannot be read."""
        used = self.own_values()
        unreadable = [
            Problem(name, file.problem)
            for name, file in self._files.items()
            if file.problem and used[name]
        ]
        return [*super().find_problems(card, request), *unreadable]

    def _has_prompt(self) -> bool:
        return True

    def show_problems(self, problems: list[Problem]) -> None:
        """See `FormTab`. What is only not filled in yet is no mistake."""
        super().show_problems([] if self._missing() else problems)

    def _describe(self, problems: list[Problem]) -> str:
        missing = self._missing() if self.card is not None and problems else ""
        return missing or super()._describe(problems)

    def _missing(self) -> str:
        """Return what the user has to fill in first; empty if it is all there."""
        if not self.image_file.path:
            return tr("Choose an image to begin.")
        values = self.values()
        if values["tool"] == "erase" and not values["mask_image"]:
            return tr("Paint on the image what is to be filled, or choose a mask.")
        if values["tool"] == "outpaint" and not any(values[side] for side in SIDES):
            return tr("Enter how many pixels to add at a side.")
        if values["tool"] == "watermark" and not values["label"].strip() and not values["logo"]:
            return tr("Enter a text, or choose a logo.")
        return ""

    def paint_mask(self) -> None:
        """Open the canvas, to paint what is filled."""
        if not self.image_file.path:
            self.image_file.choose()
            return
        if not self._is_canvas_connected:
            self._is_canvas_connected = True
            self.stage.canvas.saved.connect(self._on_canvas_saved)
            self.stage.canvas.failed.connect(self._on_canvas_failed)
        from studio.ui.image.canvas.page import CanvasOptions

        self.stage.canvas.open(self.image_file.path, self.mask_file.path, CanvasOptions(multiple=1))

    def _on_canvas_saved(self, image: str, files: CanvasFiles) -> None:
        if image == self.image_file.path:
            self.image_file.set_path(files.image)
            self.mask_file.set_path(files.mask)

    def _on_canvas_failed(self, _image: str, problem: str) -> None:
        if problem:
            self.shared.post_toast(problem)
