"""Find English that is left in a Chinese window."""

import re

from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTabBar, QWidget

ENGLISH = re.compile(r"[A-Za-z]{2,}")
NAMES = re.compile(
    r"Studio|CPU|GPU|LoRA|kB|MB|GB|PNG|JPEG|WAV|FLAC|OGG|Ogg|Vorbis|MP[34]|WebP|AVIF|avif|CSV|Excel|JSON|"
    r"Markdown|English|Language|Backspace|Ctrl|Enter|Delete|Up|Shift|Esc|Alt|"
    r"Down|Space|Home|End|"
    r"F\d+|\.(txt|md|studio)|hf_|https://\S+|"
    r"\{\w+(:\d+)?\}|Fake \w+"
)


def english_in(texts):
    return [text for text in texts if ENGLISH.search(NAMES.sub("", text))]


def texts_of(window):
    """All texts of a window, also those for screen readers."""
    for widget in [window, *window.findChildren(QWidget)]:
        yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
        yield widget.windowTitle()
        if isinstance(widget, QLabel | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QLineEdit):
            yield widget.placeholderText()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(at) for at in range(widget.count()))
        if isinstance(widget, QTabBar):
            yield from (widget.tabText(at) for at in range(widget.count()))
