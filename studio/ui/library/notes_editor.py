"""Rating, favorite, tags, collections and a note of one item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QFormLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from studio.core.translation import tr, tr_plural
from studio.library.annotations import split_names
from studio.library.items import MAX_RATING, Annotation
from studio.ui.widgets.factory import label, name_control, row

_SEPARATOR = ", "


class NamesField(QLineEdit):
    """Names separated by commas, completed from known ones."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        name_control(self, name, tip)
        self.setPlaceholderText(tip)
        self._model = QStringListModel(self)
        self._completer = QCompleter(self._model, self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setWidget(self)
        self._completer.activated.connect(self._on_completed)
        self.textEdited.connect(self._on_edited)

    def names(self) -> tuple[str, ...]:
        """Return the names."""
        return tuple(split_names(self.text()))

    def set_names(self, names: Iterable[str]) -> None:
        """Show names."""
        self.setText(_SEPARATOR.join(names))

    def set_choices(self, names: Sequence[str]) -> None:
        """Complete from these names."""
        self._model.setStringList(list(names))

    def _on_edited(self, text: str) -> None:
        last = text.replace("，", ",").rsplit(",", 1)[-1].strip()
        if last:
            self._completer.setCompletionPrefix(last)
            self._completer.complete()

    def _on_completed(self, name: str) -> None:
        self.set_names([*self.names()[:-1], name])


class NotesEditor(QWidget):
    """Emits the notes whenever one is changed."""

    changed = Signal(object, object)
    """(Annotation that was shown, edited one)."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = Annotation()
        self.stars = [self._star(number) for number in range(1, MAX_RATING + 1)]
        self.favorite = QToolButton()
        self.favorite.setCheckable(True)
        self.favorite.setProperty("mark", True)
        name_control(self.favorite, tr("Favorite"), tr("Mark as a favorite (F)"))
        self.favorite.clicked.connect(self._save)
        self.tags = NamesField(tr("Tags"), tr("Tags, separated by commas"))
        self.collections = NamesField(tr("Collections"), tr("Collections, separated by commas"))
        self.note = QLineEdit()
        self.note.setPlaceholderText(tr("Note"))
        name_control(self.note, tr("Note"), tr("A note of your own; the search finds it"))
        for field in (self.tags, self.collections, self.note):
            field.editingFinished.connect(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.rating = row(*self.stars, self.favorite, None, spacing=2)
        layout.addWidget(self.rating)
        form = QFormLayout()
        form.addRow(label(tr("Tags"), "muted"), self.tags)
        form.addRow(label(tr("In", context="collection"), "muted"), self.collections)
        self._note_title = label(tr("Note"), "muted")
        form.addRow(self._note_title, self.note)
        layout.addLayout(form)
        self._rating = 0
        self._show_rating(0, is_favorite=False)

    def _star(self, number: int) -> QToolButton:
        star = QToolButton()
        star.setCheckable(True)  # those of the rating are filled, also for screen readers
        star.setProperty("flat", True)
        star.setProperty("mark", True)
        name_control(
            star,
            tr_plural("1 star", "{count} stars", number),
            tr("Rate {number} of 5 ({number})", number=number),
        )
        star.clicked.connect(lambda _checked=False: self._on_star(number))
        return star

    def set_choices(self, tags: Sequence[str], collections: Sequence[str]) -> None:
        """Complete from these names."""
        self.tags.set_choices(tags)
        self.collections.set_choices(collections)

    def set_several(self, is_several: bool) -> None:
        """Hide the note of one item, while the notes of several are shown."""
        self.note.setVisible(not is_several)
        self._note_title.setVisible(not is_several)

    def show_notes(self, annotation: Annotation) -> None:
        """Show notes; a field that is being edited keeps its text."""
        self._shown = annotation
        self._show_rating(annotation.rating, is_favorite=annotation.favorite)
        fields = (
            (self.tags, _SEPARATOR.join(annotation.tags)),
            (self.collections, _SEPARATOR.join(annotation.collections)),
            (self.note, annotation.note),
        )
        for field, text in fields:
            if not (field.hasFocus() and field.isModified()):
                field.setText(text)

    def _show_rating(self, rating: int, *, is_favorite: bool) -> None:
        self._rating = rating
        for number, star in enumerate(self.stars, 1):
            star.setChecked(number <= rating)
            star.setText("★" if number <= rating else "☆")
        text = tr("{rating} of 5 stars", rating=rating) if rating else tr("No rating")
        self.rating.setAccessibleName(text)
        self.favorite.setChecked(is_favorite)
        self.favorite.setText("♥" if is_favorite else "♡")

    def _on_star(self, number: int) -> None:
        self._rating = 0 if number == self._rating else number
        self._save()

    def _save(self) -> None:
        annotation = Annotation(
            rating=self._rating,
            favorite=self.favorite.isChecked(),
            note=self.note.text(),
            tags=tuple(sorted(set(self.tags.names()))),
            collections=tuple(sorted(set(self.collections.names()))),
        )
        if annotation != self._shown:
            before, self._shown = self._shown, annotation
            self._show_rating(annotation.rating, is_favorite=annotation.favorite)
            self.changed.emit(before, annotation)
