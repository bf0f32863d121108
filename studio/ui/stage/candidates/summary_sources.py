"""A window with the sentences of a summary next to the text that they come from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.core.requests.text_task import Coverage, LinkedSentence, Span
from studio.core.translation import tr
from studio.text_tasks.passages import is_source_of, uncovered_parts
from studio.ui import background
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.stage.candidates.result_view import Mark, ResultView
from studio.ui.widgets.factory import break_long_lines, button, label, name_control, row

MAX_SHOWN = 50_000
"""Characters of the source that are shown at once, so that a long one does not block the window."""
_SOURCE, _OTHER, _UNCOVERED = ("#d9730d", 120), ("#d9730d", 55), ("#808080", 60)
"""Color and opacity; text on each stays readable in both themes."""


class SummarySources(QDialog):
    """Marks where the chosen sentence comes from, and what no sentence speaks of."""

    def __init__(self, parent: QWidget, coverage: Coverage, source: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Sources of the summary"))
        self.coverage = coverage
        self._source = source
        self._begin = -1
        """Where the part of the source that is shown begins; -1 until one is."""
        self._uncovered: Sequence[Span] = ()
        self._next_uncovered = 0
        self._links_hold = False
        """The linked passages are in the source at their places."""
        self.sentences = QListWidget()
        self.text = ResultView()
        self.place = label(role="muted")
        self.note = label(role="muted", wrap=True)
        self.next_button = button(
            tr("Next part left out"),
            tr("Show the next part of the text that no sentence speaks of (F3)"),
            self._show_next_uncovered,
        )
        self.next_button.setShortcut("F3")
        self.next_button.setEnabled(False)
        self._add_widgets()
        self._add_sentences()
        self._show_around(0)
        self.sentences.currentRowChanged.connect(self._on_sentence_chosen)
        background.run(
            self,
            lambda: (is_source_of(coverage, source), uncovered_parts(coverage, source)),
            self._on_read,
            lambda error: self.note.setText(str(error)),
        )

    def _add_widgets(self) -> None:
        name_control(
            self.sentences,
            tr("Sentences of the summary"),
            tr("Choose a sentence to see where it comes from"),
        )
        name_control(self.text, tr("Source"), tr("The text that was summarized"))
        self.sentences.setWordWrap(True)
        self.sentences.setSpacing(2)
        self.sentences.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.sentences)
        splitter.addWidget(self.text)
        splitter.setSizes([360, 600])
        layout = QVBoxLayout(self)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.note)
        close = button(tr("Close"), tr("Close this window"), self.close)
        copy = button(tr("Copy"), tr("Copy the sentences of the summary"), self._copy, "copy")
        for control in (close, copy, self.next_button):
            control.setAutoDefault(False)  # Enter in the list must not close the window
        layout.addWidget(row(self.next_button, self.place, None, copy, close))

    def _add_sentences(self) -> None:
        for sentence in self.coverage.sentences:
            text = break_long_lines(sentence.text)
            if sentence.source is None:
                text = tr("⚠ No source: {sentence}", sentence=text)
            self.sentences.addItem(QListWidgetItem(text))

    def _copy(self) -> None:
        sentences = (sentence.text for sentence in self.coverage.sentences)
        QGuiApplication.clipboard().setText("\n".join(sentences))

    def _on_read(self, found: tuple[bool, Sequence[Span]]) -> None:
        self._links_hold, uncovered = found
        if not self._links_hold:
            self.note.setText(
                tr("The text has changed since it was summarized. Summarize it again.")
            )
            return
        self._uncovered = uncovered
        self.next_button.setEnabled(bool(uncovered))
        self.sentences.setCurrentRow(max(0, self.sentences.currentRow()))
        self.sentences.setFocus()
        self._on_sentence_chosen(self.sentences.currentRow())

    def _on_sentence_chosen(self, _row: int) -> None:
        sentence = self._sentence()
        if sentence is None or not self._links_hold:
            return
        if sentence.source is None:
            self.note.setText(
                tr("No passage of the text has most of the words of this sentence. Check it.")
            )
        else:
            self.note.setText(
                tr(
                    "Orange: the passage with most of its words; lighter: more of them. "
                    "Gray: no sentence speaks of it. Shared words do not prove that it is true."
                )
            )
            self._show_around(sentence.source.start)
        self._show_marks()

    def choose(self, number: int) -> None:
        """Show where a sentence comes from, and bring the window to the front."""
        self.sentences.setCurrentRow(number)
        self.raise_()
        self.activateWindow()

    def _sentence(self) -> LinkedSentence | None:
        row_ = self.sentences.currentRow()
        return self.coverage.sentences[row_] if row_ >= 0 else None

    def _show_next_uncovered(self) -> None:
        span = self._uncovered[self._next_uncovered % len(self._uncovered)]
        self._next_uncovered += 1
        self._show_around(span.start)
        self._show_marks()

    def _show_around(self, place: int) -> None:
        """Scroll to a character of the source, and show another stretch of it if necessary."""
        is_shown = 0 <= self._begin <= place <= self._begin + MAX_SHOWN * 3 // 4
        furthest = max(0, len(self._source) - MAX_SHOWN)
        begin = min(max(0, place - MAX_SHOWN // 4), furthest)
        if not is_shown and begin != self._begin:
            self._begin = begin
            self.text.set_marks(())
            shown = self._source[begin : begin + MAX_SHOWN]
            # As many characters, so that places hold: Qt makes one line break of "\r\n".
            self.text.set_text(shown.replace("\r\n", " \n").replace("\r", "\n"))
        end = min(len(self._source), self._begin + MAX_SHOWN)
        self.place.setText(
            tr(
                "Characters {first:,} to {last:,} of {total:,}",
                first=self._begin + 1,
                last=end,
                total=len(self._source),
            )
        )
        self.place.setVisible(len(self._source) > MAX_SHOWN)
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(self.text.position(place - self._begin))
        self.text.setTextCursor(cursor)
        self.text.centerCursor()

    def _show_marks(self) -> None:
        """Mark the passages of the chosen sentence, and the parts that no sentence speaks of."""
        sentence = self._sentence()
        spans = [(span.start, span.end, _UNCOVERED) for span in self._uncovered]
        if sentence is not None and sentence.source is not None:
            spans.append((sentence.source.start, sentence.source.end, _SOURCE))
            spans += [(other.start, other.end, _OTHER) for other in sentence.others]
        end = self._begin + MAX_SHOWN
        self.text.set_marks(
            [
                Mark(
                    max(first, self._begin) - self._begin, min(last, end) - self._begin, _look(*how)
                )
                for first, last, how in sorted(spans)
                if last > self._begin and first < end
            ]
        )


def _look(color: str, alpha: int) -> QTextCharFormat:
    """Return a background of a color and opacity."""
    shade = QColor(color)
    shade.setAlpha(alpha)
    found = QTextCharFormat()
    found.setBackground(shade)
    return found


def show_sources(parent: QWidget, coverage: Coverage, source: str) -> SummarySources:
    """Show where the sentences of a summary come from."""
    window = SummarySources(parent, coverage, source)
    resize_to_fit(window, 980, 620)
    window.show()
    return window
