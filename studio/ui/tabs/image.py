"""The image tab: generate an image, or change one with a tool."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.images.generation import ImageGenerationTab
from studio.ui.tabs.switched import SwitchedTab

if TYPE_CHECKING:
    from studio.ui.tabs.images.tool import ImageToolTab


class ImageTab(SwitchedTab):
    """Generation or tools, chosen with a switch at the top."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("What to do with images"),
            tr("Generate images from a description, or change an image with a tool"),
            [
                ("image", tr("Generate"), functools.partial(ImageGenerationTab, shared)),
                ("image-tool", tr("Tools"), functools.partial(_tool_form, shared)),
            ],
            parent,
        )
        self.form_built.connect(self._on_form_built)
        self.generation.stage.tool_requested.connect(self.use_tool_on)

    @property
    def generation(self) -> ImageGenerationTab:
        """The form that generates."""
        return cast("ImageGenerationTab", self.form("image"))

    @property
    def tools(self) -> ImageToolTab:
        """The form of the tools."""
        return cast("ImageToolTab", self.form("image-tool"))

    def take(self, path: Path) -> None:
        """Take an image to the form that is shown."""
        if self.current().kind == "image-tool":
            self.tools.work_on(path)
        else:
            self.generation.start_from(path)

    def use_tool_on(self, path: Path, tool: str = "") -> None:
        """Show the tools with this image."""
        self.for_kind("image-tool")
        self.tools.work_on(path, tool)

    def _on_form_built(self, form: GenerateTab) -> None:
        """Connect the form of the tools, the only one that is built later."""
        stage = cast("ImageToolTab", form).stage
        stage.start_requested.connect(self._start_from)
        stage.edit_requested.connect(self._edit)

    def _start_from(self, path: Path) -> None:
        self.for_kind("image")
        self.generation.start_from(path)

    def _edit(self, path: Path) -> None:
        self.for_kind("image")
        self.generation.paint_mask_on(path)


def _tool_form(shared: AppState, parent: QWidget) -> ImageToolTab:
    from studio.ui.tabs.images.tool import ImageToolTab

    return ImageToolTab(shared, parent)
