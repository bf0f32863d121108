"""A document of any length is summarized by a model, part by part."""

import re

import msgspec
import pytest

from studio.core.errors import InvalidRequestError
from studio.models.card import fake_card
from studio.preflight.tokens import check_length
from studio.text_tasks.chunks import split_chunks
from studio.text_tasks.loader import find_task
from studio.text_tasks.passages import link_sentences
from studio.text_tasks.requests import TaskInput, build_requests, read_values
from studio.text_tasks.summarize import PART_TOKENS, Summary
from studio.text_tasks.writer import Written
from tests.text_tasks.test_summary import FACTS, long_text

INVENTED = "Scientists in Tokyo found 99 flying submarines near Nagoya."


def count_words(text):
    return len(text.split())


class Reader:
    """A model that reports the sentences with figures, and invents one more."""

    def __init__(self, *, chat=True, encoder_decoder=False, limit=2_048, cancel_after=None):
        self.chat, self.encoder_decoder, self.limit = chat, encoder_decoder, limit
        self.cancel_after = cancel_after
        self.asked = []

    def count_tokens(self, text):
        return count_words(text)

    def write(self, requests, done=lambda _number, _text: None):
        found = []
        for number, request in enumerate(requests):
            if self.cancel_after == len(self.asked):
                raise KeyboardInterrupt
            self.asked.append(request)
            facts = list(re.findall(r"[A-Z][^.]*\d[^.]*(?:\.\d[^.]*)?\.", request.prompt))
            answer = "\n".join([*(" ".join(fact.split()) for fact in facts), INVENTED])
            begin = request.prompt if request.mode == "complete" else ""
            found.append(Written(text=begin + answer))
            done(number, found[-1])
        return found


def summary_of(data, text, reader, chat=True, encoder_decoder=False, **fields):
    card = msgspec.structs.replace(
        fake_card("text"), chat=chat, encoder_decoder=encoder_decoder, family="bart"
    )
    inputs = TaskInput(prompt=text, fields=fields)
    (request,) = build_requests(find_task(data, "summary"), inputs, card)
    assert check_length(msgspec.structs.replace(card, max_positions=64), request) is None
    steps = []

    def report(done, total, text):
        steps.append((done, total, text))

    return Summary(request, request.task, request.task.parts, reader, report), steps


def test_planted_facts_of_30_000_words_are_in_the_summary_of_a_faithful_model(data):
    text, _places = long_text(5)
    reader = Reader()
    summary, steps = summary_of(data, text, reader, sentences=40, form="bullets")
    assert not summary.fits()
    (found,) = summary.write()
    assert INVENTED not in found
    assert sum(fact in found for fact in FACTS) >= 8
    assert all(line.startswith("- ") for line in found.splitlines())
    assert len(found.splitlines()) <= 40
    coverage = link_sentences(found, text)
    assert len(coverage.covered) >= 8
    assert coverage.unlinked == 0
    parts = len(summary.notes)
    assert 30 <= parts <= 45
    assert [done for done, _total, _text in steps] == list(range(1, len(steps) + 1))
    assert any(note.extracted for note in summary.notes), "no fact is in some parts"
    for note in summary.notes:
        assert count_words(text[note.start : note.end]) <= PART_TOKENS


def test_few_sentences_come_from_all_of_the_text(data):
    summary, _steps = summary_of(data, " ".join(FACTS * 60), Reader(), sentences=3)
    joined, plain = summary.write()
    assert "Tokyo" in joined, "only its checks can leave this out"
    assert INVENTED not in plain
    assert plain.count(".") in range(3, 6)


def test_short_text_is_read_at_once(data):
    summary, _steps = summary_of(data, " ".join(FACTS), Reader())
    assert summary.fits()
    assert FACTS[3] in summary.request.prompt
    assert "{count}" not in summary.prompts.part


def test_notes_so_far_stay_when_it_is_cancelled_and_are_not_made_again(data):
    text, _places = long_text(6)
    reader = Reader(cancel_after=5)
    summary, _steps = summary_of(data, text, reader)
    with pytest.raises(KeyboardInterrupt):
        summary.write()
    assert len(summary.notes) == 5
    reader.cancel_after = None
    kept = list(summary.notes)
    summary.write()
    assert summary.notes[:5] == kept
    prompts = [request.prompt for request in reader.asked]
    assert len(set(prompts)) == len(prompts), "no part is read twice"


def test_model_without_chat_continues_and_its_prompt_is_no_note(data):
    text, _places = long_text(7)
    summary, _steps = summary_of(data, text, Reader(chat=False, limit=1_024), chat=False)
    summary.write()
    assert all("In short" not in note.text for note in summary.notes)


def test_summarizer_is_asked_nothing_and_reads_as_much_as_it_takes(data):
    text, _places = long_text(8)
    reader = Reader(chat=False, encoder_decoder=True, limit=512)
    summary, _steps = summary_of(data, text, reader, chat=False, encoder_decoder=True)
    assert not summary.fits()
    summary.write()
    first = reader.asked[0].prompt
    assert text.startswith(first[:200])
    assert 300 < count_words(first) <= 512


def test_focus_keeps_the_sentences_about_it(data):
    text, _places = long_text(9)
    summary, _steps = summary_of(data, text, Reader(), focus="barley frost Tarn Hollow school")
    plain = summary.write()[-1]
    assert "Tarn Hollow" in plain
    assert "bronze bell" not in plain
    assert "Write only about this: barley" in summary.prompts.part


def test_chinese_document_is_split_at_its_full_stops(data):
    text = "市议会周二投票，同意拨款三百万元修桥。天气很好，人们在街上散步。" * 400
    reader = Reader()
    reader.count_tokens = len
    summary, _steps = summary_of(data, text, reader)
    assert not summary.fits()
    assert "写出其中最重要的" in summary.prompts.part
    plain = summary.write()[-1]
    assert "三百万" in plain


def test_parts_end_at_sentences_and_a_table_is_cut():
    text = "One two three. Four five six. Seven eight nine ten eleven twelve."
    parts = split_chunks(text, 6, count_words)
    assert [part.text for part in parts] == [
        "One two three. Four five six.",
        "Seven eight nine ten eleven twelve.",
    ]
    table = "1 2 3 4 5 6 7 8 9 " * 2_000
    assert all(count_words(part.text) <= 50 for part in split_chunks(table, 50, count_words))
    assert split_chunks(" \n ", 6, count_words) == []


def test_form_sets_the_number_of_sentences_unless_one_is_entered(data):
    task = find_task(data, "summary")
    inputs = TaskInput(prompt="Text.", fields={"form": "tl;dr"})
    assert read_values(task, inputs).texts["sentences"] == "1"
    own = msgspec.structs.replace(inputs, fields={"form": "tl;dr", "sentences": "2"})
    assert read_values(task, own).texts["sentences"] == "2"
    with pytest.raises(InvalidRequestError, match="4,000,000"):
        read_values(task, TaskInput(prompt="x" * 4_000_001))


def test_prompt_of_a_very_long_text_is_shortened_and_the_task_has_all_of_it(data):
    text = "A long sentence of words. " * 10_000
    (request,) = build_requests(
        find_task(data, "summary"), TaskInput(prompt=text), fake_card("text")
    )
    assert len(request.prompt) <= 200_000
    assert "more characters are in the task" in request.prompt
    assert request.task.main_text == text
