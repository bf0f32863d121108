"""The menu of example prompts."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton

from studio.ui.widgets.factory import name_control


class ExamplePrompts(QToolButton):
    """A button with a menu of example prompts for the chosen model."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setText("Try an example")
        name_control(
            self,
            "Examples",
            "Example prompts for this model; choosing one replaces the prompt",
        )
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))

    def show_prompts(self, prompts: Sequence[str]) -> None:
        """Set the menu's prompts; hide the button if there are none."""
        self.menu().clear()
        for prompt in prompts:
            self.menu().addAction(
                prompt.replace("&", "&&"), functools.partial(self.chosen.emit, prompt)
            )
        self.setVisible(bool(prompts))
