"""Shows in colors who wrote which part of a document."""

from __future__ import annotations

from PySide6.QtCore import QObject

from studio.core.translation import tr
from studio.documents.origins import OriginKind, shares
from studio.ui.background import DelayedCall
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.marking.marks import Look, Mark, Marks
from studio.ui.widgets.factory import label

SHOW_MS = 100
_LOOKS: dict[OriginKind, Look] = {"model": "model", "imported": "imported"}


class OriginColors(QObject):
    """Marks the parts of models and files; what the person wrote has no color."""

    def __init__(self, editor: DocumentEditor, marks: Marks) -> None:
        super().__init__(editor)
        self._editor = editor
        self._marks = marks
        self.is_on = False
        self.legend = label("", "muted", wrap=True)
        self.legend.hide()
        self._soon = DelayedCall(self, self._show, SHOW_MS)
        editor.edited.connect(self._on_changed)
        editor.loaded.connect(self._on_changed)

    def toggle(self) -> None:
        """Show the colors, or hide them."""
        self.is_on = not self.is_on
        self.legend.setVisible(self.is_on)
        self._show()

    def _on_changed(self, _change: object = None) -> None:
        if self.is_on:
            self._soon.request()

    def _show(self) -> None:
        if not self.is_on:
            self._marks.set("origins", ())
            return
        origins = self._editor.text_document.origins
        marks, begin = [], 0
        for stretch in origins:
            end = begin + stretch.length
            if look := _LOOKS.get(stretch.origin.kind):
                marks.append(Mark(begin, end, look))
            begin = end
        self._marks.set("origins", marks)
        found = shares(origins)
        total = max(1, sum(found.values()))
        self.legend.setText(
            tr(
                "Model {model:.0%} (green) · from files {imported:.0%} (yellow) · "
                "written by you {person:.0%} (no color)",
                model=found["model"] / total,
                imported=found["imported"] / total,
                person=found["person"] / total,
            )
        )
