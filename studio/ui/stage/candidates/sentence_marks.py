"""The sentences of a summary in its text: each leads to the passage that it comes from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from PySide6.QtGui import QTextCharFormat

from studio.core.requests.text_task import Coverage, LinkedSentence
from studio.core.translation import tr
from studio.ui.stage.candidates.result_view import Mark
from studio.ui.widgets.factory import escape_markup

TIP_CHARACTERS = 300


def sentence_places(coverage: Coverage, text: str) -> list[tuple[int, int, int]]:
    """Return (start, end, number) of the sentences that are in a text, in order."""
    found, begin = [], 0
    for number, sentence in enumerate(coverage.sentences):
        start = text.find(sentence.text, begin)
        if start >= 0:
            begin = start + len(sentence.text)
            found.append((start, begin, number))
    return found


def sentence_at(coverage: Coverage, text: str, place: int) -> int:
    """Return the number of the sentence at a character; −1 for no sentence."""
    places = sentence_places(coverage, text)
    at = bisect_right(places, place, key=lambda one: one[0]) - 1
    return places[at][2] if at >= 0 and place <= places[at][1] else -1


def sentence_marks(coverage: Coverage, text: str) -> list[Mark]:
    """Return marks whose tooltips have the source of each sentence."""
    return list(_marks(coverage.sentences, sentence_places(coverage, text)))


def _marks(
    sentences: Sequence[LinkedSentence], places: Sequence[tuple[int, int, int]]
) -> Iterator[Mark]:
    for start, end, number in places:
        source = sentences[number].source
        look = QTextCharFormat()
        tip = source.text[:TIP_CHARACTERS] if source is not None else tr("Not found in the text")
        look.setToolTip(escape_markup(tip))
        yield Mark(start, end, look)


def sentence_legend() -> str:
    """Return how the sources are shown."""
    return tr("Click a sentence, or press Enter in it, to see where it comes from.")
