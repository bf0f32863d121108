"""A text that fails a check goes back to the model, and the better one is kept."""

import re

import msgspec
import pytest

from studio.core.errors import InvalidRequestError
from studio.models.card import fake_card
from studio.text_tasks.correction import TEXTS, correct
from studio.text_tasks.loader import find_task
from studio.text_tasks.ranking import review_text
from studio.text_tasks.requests import TaskInput, build_requests, correction_request, read_fix
from studio.text_tasks.writer import Written

HAIKU = ("The old grey rain falls", "On the roof of my small house", "And the frogs answer")


class Script:
    """A model that writes these texts in turn, and keeps what it was asked."""

    chat = True
    encoder_decoder = False
    limit = 0

    def __init__(self, *texts):
        self.texts = list(texts)
        self.asked = []

    def write(self, requests, done=lambda _number, _text: None):
        found = []
        for number, request in enumerate(requests):
            self.asked.append(request)
            found.append(Written(text=self.texts.pop(0) if self.texts else ""))
            done(number, found[-1])
        return found

    def count_tokens(self, text):
        return len(text.split())


def prepared(data, name, prompt, text, fix=1, **fields):
    """Return the reviewed text and the request of a task."""
    card = msgspec.structs.replace(fake_card("text"), chat=True)
    inputs = TaskInput(prompt=prompt, fields=fields, fix=fix)
    (request,) = build_requests(find_task(data, name), inputs, card)
    return review_text(Written(text=text), 0, request.task), request


def test_only_the_lines_of_a_poem_that_fail_are_written_again(data):
    poem = "\n".join((HAIKU[0], "Rain on the roof and the garden and the street", HAIKU[2]))
    best, request = prepared(data, "poem", "rain", poem, form="haiku")
    writer = Script("1. Too short\n2. Also short", "", f"Short\n- {HAIKU[1]}")
    found = correct(best, request, request.task, writer)
    assert found.best.text.splitlines() == list(HAIKU)
    assert found.best.failed == 0
    (attempt,) = found.attempts
    assert attempt.helped
    assert attempt.checks == ("form",)
    assert len(writer.asked) == TEXTS
    assert HAIKU[0] in writer.asked[0].prompt, "the line before"
    assert "7 syllables" in writer.asked[0].prompt
    assert len({request.seed for request in writer.asked}) == TEXTS


def test_a_line_without_its_rhyme_is_asked_for_with_words_that_rhyme(data):
    lines = ["The rain comes down on every roof tonight", "And every window is a square of stone"]
    lines += ["The river rises slowly to the stone", "And no one in the town is left alone"]
    best, request = prepared(data, "poem", "rain", "\n".join(lines), form="couplets")
    better = "And every window is a square of light"
    writer = Script(f"The lamps are out and all of us are home.\n{better}")
    found = correct(best, request, request.task, writer)
    assert found.best.text.splitlines() == [lines[0], better, *lines[2:]]
    asked = writer.asked[0]
    assert "ends with one of these words" in asked.prompt
    for word in ("light", "kite"):
        assert word in asked.prompt
        assert re.fullmatch(asked.regex, f"The lamps of all the town are {word}.\n")
    assert not re.fullmatch(asked.regex, "The lamps of all the town are home.\n")


def test_missing_lines_are_written_and_surplus_ones_left_out(data):
    best, request = prepared(data, "poem", "rain", HAIKU[0] + "\n" + HAIKU[1], form="haiku")
    found = correct(best, request, request.task, Script(HAIKU[2]))
    assert found.best.text.splitlines() == list(HAIKU)
    best, request = prepared(data, "poem", "rain", "\n".join((*HAIKU, "One more")), form="haiku")
    found = correct(best, request, request.task, Script())
    assert found.best.text.splitlines() == list(HAIKU)


def test_chinese_line_is_asked_for_with_its_length_and_rhyme(data):
    poem = "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思念。"
    best, request = prepared(data, "poem", "月亮", poem, form="五言绝句")
    writer = Script("举头望明月。\n2. 低头思故乡。")
    found = correct(best, request, request.task, writer)
    assert "低头思故乡" in found.best.text
    assert found.best.failed == 0
    assert "5个字" in writer.asked[0].prompt
    assert "与“霜”字押韵" in writer.asked[0].prompt


def test_too_long_and_invented_figures_are_named_to_the_model(data):
    long = "Rain coats for the whole family with 90% off. Order it in the shop now! " * 2
    best, request = prepared(data, "ad", "Rain coats", long, fix=3, characters=60)
    writer = Script("", "Rain coats for 70% less.", "Rain coats for you. Order one today!")
    found = correct(best, request, request.task, writer)
    asked = writer.asked[0].prompt
    assert "90" in asked
    assert "it must have 10–60" in asked
    assert found.best.text == "Rain coats for you. Order one today!"
    assert [attempt.helped for attempt in found.attempts] == [True], "no further one is needed"


def test_what_does_not_help_is_reported_and_the_first_text_stays(data):
    best, request = prepared(data, "poem", "rain", "Rain\nRain\nRain", fix=2, form="haiku")
    found = correct(best, request, request.task, Script())
    assert found.best == best
    assert [attempt.helped for attempt in found.attempts] == [False, False]


def test_refusal_never_takes_the_place_of_a_text(data):
    best, request = prepared(data, "headline", "a flood", "Flood " * 20, words=5)
    refusal = "I'm sorry, but I cannot write about the flood."
    found = correct(best, request, request.task, Script(refusal, refusal, refusal))
    assert found.best == best
    assert found.attempts[0].text == refusal


def test_model_without_chat_writes_other_texts(data):
    best, request = prepared(data, "headline", "a flood", "Flood " * 20, words=5)
    writer = Script("", "Flood in the valley")
    writer.chat = False
    found = correct(best, request, request.task, writer)
    assert found.best.text == "Flood in the valley"
    assert writer.asked[0].prompt == request.prompt
    assert writer.asked[0].seed != request.seed


def test_text_that_is_edited_can_be_corrected_by_a_job_of_its_own(data):
    _best, request = prepared(data, "poem", "rain", "x", form="haiku")
    again = correction_request(request, "my poem", 4)
    assert (again.task.draft, again.task.fix, again.result_count) == ("my poem", 4, 1)
    assert again.batch_key is None


@pytest.mark.parametrize("value", ["-1", "11", "often", "1.5"])
def test_number_of_corrections_is_limited(value):
    assert read_fix("") is None
    assert read_fix("3") == 3
    with pytest.raises(InvalidRequestError, match="fix"):
        read_fix(value)


def test_sentences_with_invented_facts_are_left_out_when_the_model_cannot_help(data):
    facts = "The library in Kelmore opened on 4 May.\nIt holds 31,000 books."
    text = (
        "Library Opens\n\nThe library in Kelmore opened on 4 May. Mayor Bob Stone paid 90 dollars."
        "\n\n"
        "It holds 31,000 books, more than any other one in this quiet part of the whole country. "
        "People can read there in the morning and in the evening, and children like to come too."
    )
    _best, request = prepared(data, "article", facts, text)
    task = msgspec.structs.replace(request.task, omit=())  # else they are left out at once
    request = msgspec.structs.replace(request, task=task)
    best = review_text(Written(text=text), 0, task)
    found = correct(best, request, task, Script())
    assert "Stone" not in found.best.text
    assert found.best.text.startswith(
        "Library Opens\n\nThe library in Kelmore opened on 4 May.\n\nIt"
    )
    assert [(one.by, one.helped) for one in found.attempts] == [
        ("model", False),
        ("omission", True),
    ]
    assert found.best.unedited == text
    nothing_left, request = prepared(data, "article", facts, "Bob Stone paid. Amy Hill wept.")
    found = correct(nothing_left, request, request.task, Script())
    assert found.best == nothing_left
