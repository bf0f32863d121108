"""Prompts to begin with."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton

from studio.ui.widgets.factory import name_control


class Examples(QToolButton):
    """A menu of prompts to begin with."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setText("Try an example")
        name_control(
            self,
            "Examples",
            "Prompts that this model knows; the one that is chosen takes the prompt's place",
        )
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))

    def show_prompts(self, prompts: Sequence[str]) -> None:
        """Offer them; nothing is shown where there are none."""
        self.menu().clear()
        for prompt in prompts:
            self.menu().addAction(
                prompt.replace("&", "&&"), functools.partial(self.chosen.emit, prompt)
            )
        self.setVisible(bool(prompts))
