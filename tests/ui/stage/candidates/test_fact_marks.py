"""What the facts of a task do not contain is underlined in the result."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtGui import QColor, QTextCharFormat, QTextFormat

from studio.core.requests.text_task import FieldValue, TaskCheck, TextTask
from studio.text_checks.facts import check_facts
from studio.ui.stage.candidates.column import Candidate
from studio.ui.stage.candidates.columns import CandidateColumns
from studio.ui.stage.candidates.fact_marks import fact_legend, unsupported_spans
from studio.ui.stage.candidates.result_view import Mark, combined
from tests.ui.conftest import PATIENCE
from tests.ui.stage.candidates.conftest import click, make_candidates

FACTS = "Mayor Ines Valdur opened the library on 4 May. It holds 31,000 books."
DRAFT = (
    "😀 On 4 May the mayor opened the library. It holds 900 books, "
    "and Doctor Albrecht called it “a gift of 12 crowns”."
)
BACKGROUND = QTextFormat.Property.BackgroundBrush
WAVE = QTextCharFormat.UnderlineStyle.WaveUnderline


def underlined(view):
    return [
        one.cursor.selectedText()
        for one in view.extraSelections()
        if one.format.underlineStyle() == WAVE
    ]


def show_draft(qtbot, studio):
    """Check a draft of a report as a job, without corrections, and show it."""
    task = TextTask(
        name="report",
        language="en",
        fields=(FieldValue("facts", FACTS),),
        check=(TaskCheck(use="facts", field="facts"),),
        draft=DRAFT,
    )
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1, task=task)
    qtbot.waitUntil(lambda: stage.view.text() == DRAFT, timeout=PATIENCE)
    return stage


def test_numbers_names_and_quotes_without_facts_are_underlined_with_a_reason(qtbot, studio):
    stage = show_draft(qtbot, studio)
    view, legend = stage.view.view, stage.candidates.legend
    wanted = ["900", "Doctor Albrecht", "“a gift of 12 crowns”"]
    qtbot.waitUntil(lambda: underlined(view) == wanted, timeout=PATIENCE)
    assert legend.isVisible()
    assert all(one in legend.text() for one in wanted)
    assert "““" not in legend.text()
    at = view.rect_of(DRAFT.index("900") + 1).center()
    assert "number" in view.tip_at(at).lower()
    assert view.tip_at(view.rect_of(DRAFT.index("library") + 1).center()) == ""
    make_candidates(qtbot, studio, num_return_sequences=1)
    qtbot.waitUntil(lambda: not underlined(view), timeout=PATIENCE)
    assert not legend.isVisible()


def test_probabilities_take_the_place_of_the_underlines(qtbot, studio):
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1, top_logprobs=10)
    click(stage.candidates.heat_button)
    assert "probability" in stage.candidates.legend.text()
    assert not underlined(stage.view.view)


def test_places_do_not_overlap_or_pass_the_end():
    check = check_facts(DRAFT, FACTS)
    spans = unsupported_spans([check], len(DRAFT))
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert unsupported_spans([check], DRAFT.index("900") + 1)[-1].end == DRAFT.index("900") + 1
    assert unsupported_spans([], 100) == []


def test_the_legend_names_each_once_and_not_too_many():
    text = " ".join(f"{number} {number}" for number in range(100, 150))
    legend = fact_legend(text, unsupported_spans([check_facts(text, "nothing")], len(text)))
    assert legend.count("“100”") == 1
    assert "…" in legend
    assert "“149”" not in legend


def test_columns_have_the_underlines_and_the_differences(qtbot):
    texts = ("Doctor Albrecht lent 900 books in May.", "Doctor Albrecht lent 901 books in June.")
    columns = CandidateColumns()
    qtbot.addWidget(columns)
    columns.resize(700, 300)
    columns.show()
    columns.show_candidates(
        [
            Candidate(
                number,
                str(number),
                text,
                unsupported=tuple(unsupported_spans([check_facts(text, FACTS)], len(text))),
            )
            for number, text in enumerate(texts)
        ],
        0,
        is_over=True,
    )
    first, second = columns.columns.values()
    assert underlined(first.view) == ["Doctor Albrecht", "900"]
    qtbot.waitUntil(
        lambda: "June" in [one.cursor.selectedText() for one in second.view.extraSelections()],
        timeout=PATIENCE,
    )
    assert "".join(underlined(second.view)).startswith("Doctor Albrecht901")


def test_marks_of_two_layers_have_both_looks():
    shade, wave = QTextCharFormat(), QTextCharFormat()
    shade.setBackground(QColor("#808080"))
    wave.setUnderlineStyle(WAVE)
    both = combined([Mark(0, 5, shade), Mark(8, 9, shade)], [Mark(3, 8, wave)])
    looks = [
        (mark.start, mark.end, mark.format.hasProperty(BACKGROUND), mark.format.underlineStyle())
        for mark in both
    ]
    none = QTextCharFormat.UnderlineStyle.NoUnderline
    assert looks == [
        (0, 3, True, none),
        (3, 5, True, WAVE),
        (5, 8, False, WAVE),
        (8, 9, True, none),
    ]
