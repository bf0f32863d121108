"""What an empty stage offers: three prompts that a click generates."""

from __future__ import annotations

import functools
import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.core.kinds import KINDS
from studio.core.translation import ENGLISH, current_language, tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.desktop.screens import FittedScrollArea
from studio.ui.widgets.factory import label, name_control

COUNT = 3
WIDTH = 420
BUTTON_PADDING = 28
MIN_HEIGHT = 80
"""Less than a result needs; the examples scroll in a low window."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_PROMPTS = {  # not translated: sent to the model
    "text": (
        "Write a short story about a lighthouse keeper who finds a letter.",
        "Explain in three sentences why the sky is blue.",
        "Suggest five names for a small bakery.",
        "写一首关于秋天的短诗。",
    ),
    "completion": (
        "The lighthouse keeper opened the letter and",
        "The three most important things about cooking are",
        "Once upon a time, in a village by the sea,",
        "从前，海边有一个小村庄，",
    ),
    "image": (
        "a red apple",
        "a small castle at night",
        "a cat next to a house",
        "一只红苹果",
    ),
    "speech": (
        "Good morning! The train to London leaves at 9:45 and costs £12.50.",
        "Once upon a time, there was a lighthouse by the sea.",
        "Breathe in slowly. [pause:1] And breathe out.",
        "你好！今天天气很好，我们去公园散步吧。",
    ),
    "music": (
        "calm piano in D minor",
        "happy jazz with saxophone",
        "a lullaby on a music box",
        "欢快的中国风 古筝和竹笛",
    ),
    "video": (
        "A red kite rises over the sea, seen from the beach, waves roll in, evening light.",
        "A cat turns its head and looks out of the window while snow falls.",
        "Steam rises from a cup of coffee on a wooden table, close-up.",
        "一只红色的风筝在海面上空升起，海浪拍岸，傍晚的光线。",
    ),
}
"""Kind → prompts for a model whose card has none; the last one is Chinese."""


def examples_for(card: ModelCard) -> list[str]:
    """Return three prompts for a model, one of them in Chinese if the model reads it."""
    if card.encoder_decoder:  # it summarizes or translates a text of the user
        return list(card.examples[:COUNT])
    is_plain = card.makes_texts and not card.chat
    defaults = _PROMPTS.get("completion" if is_plain else card.kind, ())
    reads_chinese = "zh" in card.languages or card.translate_prompts
    prompts = [prompt for prompt in card.examples or defaults if not _HAN.search(prompt)]
    chinese = [prompt for prompt in (*card.examples, *defaults) if _HAN.search(prompt)][:1]
    if reads_chinese and chinese:
        shown = [*prompts[: COUNT - 1], *chinese]
        return shown if current_language() == ENGLISH else [*chinese, *shown[:-1]]
    return prompts[:COUNT]


class ExamplesPage(QWidget):
    """Fills the place of the first result with buttons."""

    chosen = Signal(str)
    """A prompt to generate."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._title = label(
            tr("Your {noun} will appear here.", noun=tr_marked(KINDS[kind].noun)), "muted"
        )
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._hint = label(tr("Try an example:"), "muted")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.buttons: list[QPushButton] = []
        holder = QWidget()
        holder.setMaximumWidth(WIDTH)
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(holder, 100)
        middle.addStretch(1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.addStretch(1)
        column.addWidget(self._title)
        column.addWidget(self._hint)
        column.addLayout(middle)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(FittedScrollArea(content, MIN_HEIGHT, grows=True))

    def offer(self, card: ModelCard | None) -> None:
        """Offer examples for the chosen model; none without a model."""
        prompts = examples_for(card) if card is not None else []
        self._hint.setVisible(bool(prompts))
        if prompts == [made.accessibleName() for made in self.buttons]:
            return
        for old in self.buttons:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = [self._add_button(prompt) for prompt in prompts]

    def _add_button(self, prompt: str) -> QPushButton:
        made = _ExampleButton(prompt)
        made.clicked.connect(functools.partial(self._on_clicked, prompt))
        self._column.addWidget(made)
        made.show()
        return made

    def _on_clicked(self, prompt: str, _checked: bool = False) -> None:
        self.chosen.emit(prompt)


class _ExampleButton(QPushButton):
    """A prompt, elided where it lacks space."""

    def __init__(self, prompt: str) -> None:
        super().__init__()
        self._prompt = prompt
        name_control(self, prompt, tr("Generate: {prompt}", prompt=prompt))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide the prompt."""
        super().resizeEvent(event)
        width = self.width() - BUTTON_PADDING
        shown = self.fontMetrics().elidedText(self._prompt, Qt.TextElideMode.ElideRight, width)
        self.setText(shown.replace("&", "&&"))
