"""Marks by probability: off by default, remembered, right where the tokens are."""

import math

from studio.core.artifact import TokenChoice, TokenLogprobs
from studio.library.encoders import read_sidecar
from studio.ui.stage.candidates.heat_map import heat_marks
from studio.ui.stage.candidates.result_view import ResultView
from tests.ui.conftest import PATIENCE
from tests.ui.stage.candidates.conftest import click, make_candidates


def marked(view):
    return [
        (one.cursor.selectedText(), one.format.background().color().alpha())
        for one in view.extraSelections()
    ]


def test_unlikely_tokens_are_marked_on_request(qtbot, studio, data):
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1, top_logprobs=10)
    switch, view = stage.candidates.heat_button, stage.view.view
    qtbot.waitUntil(switch.isVisible, timeout=PATIENCE)
    assert not switch.isChecked()
    assert marked(view) == []
    click(switch)
    assert studio.shared.settings.text_heat_map
    assert stage.candidates.legend.isVisible()
    (path,) = data.outputs.glob("*.txt")
    text, expected = stage.view.text(), []
    choices = read_sidecar(path).logprobs.choices
    ends = [*(choice.start for choice in choices[1:]), len(text)]
    for choice, end in zip(choices, ends, strict=True):
        probability = math.exp(choice.logprob)
        alphas = [
            alpha
            for limit, alpha in ((0.05, 160), (0.2, 100), (0.5, 45))
            if probability < limit - 1e-9
        ]
        if alphas:
            expected.append((text[choice.start : end], alphas[0]))
    assert marked(view) == expected
    click(switch)
    assert marked(view) == []


def test_a_text_without_tokens_offers_no_marks(qtbot, studio):
    studio.shared.change_settings(text_heat_map=True)
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1)
    assert not stage.candidates.heat_button.isVisible()
    assert not stage.candidates.legend.isVisible()


def test_only_the_marks_in_view_cost_time_and_places_survive_emoji_and_long_lines(qtbot):
    view = ResultView()
    qtbot.addWidget(view)
    view.resize(400, 120)
    view.show()
    word = "😀 rain "
    text = word * 4_096
    view.set_text(text)
    choices = [TokenChoice(0, -5.0, number * len(word)) for number in range(4_096)]
    marks = heat_marks(TokenLogprobs(texts={0: word}, choices=tuple(choices)), len(text))
    assert len(marks) == 4_096
    view.set_marks(marks)
    assert 0 < len(view.extraSelections()) < 300
    assert {name for name, _alpha in marked(view)} <= {word, word.replace(" ", "\u2029", 1)}
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum())
    last = len(text) - len(word)
    assert view.place(view.position(last)) == last

    def last_marked():
        selections = view.extraSelections()  # own their cursors
        return view.place(selections[-1].cursor.selectionStart())

    qtbot.waitUntil(lambda: last_marked() == last, timeout=PATIENCE)
    assert 0 < len(view.extraSelections()) < 300
