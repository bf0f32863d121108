"""Test that no word is lost between a text and its pieces, and what each sentence is."""

import random

import pytest

from studio.core.requests import SpeechRequest
from studio.core.requests.prompt_syntax.pronunciations import parse
from studio.engine.speech import generate as speech
from studio.engine.speech import loudness
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.utterances import Reading, turns
from studio.models.card import ModelCard, Voice
from studio.speech_text import spoken
from tests.engine.runs import run_job


class _Splitter(SpeechModel):
    """The pieces of every model that has none of its own; it speaks nothing."""

    languages = ("en", "zh")
    reads_phonemes = True


def _letters(text):
    return "".join(filter(str.isalnum, text)).casefold()


def _text(words, seed):
    """Return a text of every awkward length: sentences of 1 to 700 words, words of 1 to 900."""
    rng = random.Random(seed)
    vocabulary = ["a", "I", "sea", "don't", "well-known", "lighthouse", "灯塔", "1907", "Dr. Hale"]
    out, left = [], words
    while left > 0:
        size = min(left, rng.choice([1, 2, 3, 8, 20, 60, 299, 300, 301, 700]))
        sentence = [rng.choice(vocabulary) for _ in range(size)]
        if rng.random() < 0.05:
            sentence[0] = "x" * rng.choice([79, 80, 81, 299, 300, 301, 900])
        join = rng.choice([" ", " ", ", ", "; "])
        out.append(join.join(sentence) + rng.choice([". ", "! ", "?\n", "…\n\n", "。", " "]))
        left -= size
    return "".join(out)


@pytest.mark.parametrize("seed", range(3))
def test_20_000_words_are_all_in_the_pieces_in_order(seed):
    text = _text(20_000, seed)
    utterances = Reading(_Splitter(), ("en", "zh")).utterances(text)
    assert _letters("".join(one.reading for one in utterances)) == _letters(spoken(text))
    assert _letters("".join(one.text for one in utterances)) == _letters(text)
    assert all(len(piece.text) <= 900 for one in utterances for piece in one.pieces)


def test_a_sentence_keeps_its_written_form():
    text = "It cost $5. Dr. Hale paid on 3 p.m. today! 他有2条狗。\n\nThe end"
    found = Reading(_Splitter(), ("en", "zh")).utterances(text)
    assert [(one.text, one.reading) for one in found] == [
        ("It cost $5.", "It cost five dollars."),
        ("Dr. Hale paid on 3 p.m. today!", "Doctor Hale paid on three PM today!"),
        ("他有2条狗。", "他有两条狗。"),
        ("The end", "The end"),
    ]


def test_a_name_begins_the_turn_of_its_voice():
    text = "Anna: Hello.\nHow are you?\nBOB：Fine.\n\nThey left.\nCarl: No."
    assert list(turns(text, {"anna": "a", "bob": "b"})) == [
        ("a", "Hello.\nHow are you?\n"),
        ("b", "Fine.\n"),
        ("", "\nThey left.\nCarl: No."),
    ]


def test_phonemes_reach_the_pieces():
    reading = Reading(_Splitter(), ("en",), "en", parse("Hale = /hAl/"))
    (one,) = reading.utterances("Dr. Hale has 2.")
    assert (one.text, one.reading) == ("Dr. Hale has 2.", "Dr. [[hAl]] has two.")


CARD = ModelCard(
    name="hibari",
    title="Hibari",
    kind="speech",
    runner="hibari",
    builtin=True,
    voices=(Voice("heart", "Heart", "en-US"),),
)


def test_loudness_and_times_of_a_real_voice():
    text = "He paid $20 in 1984. [pause:2] Hermione went home!"
    request = SpeechRequest(prompt=text, seed=1, lufs=-16, dictionary="Hermione = /hɜɹmˈIəni/")
    (result,) = run_job(speech, CARD, speech.load(CARD), request).results
    rate = result.sampling_rate
    assert loudness.loudness(result.samples, rate) == pytest.approx(-16, abs=0.3)
    assert loudness.true_peak(result.samples, rate) <= loudness.TRUE_PEAK + 0.05
    first, second = result.sentences
    assert (first.text, second.text) == ("He paid $20 in 1984.", "Hermione went home!")
    assert first.start == 0
    assert second.start - first.end == pytest.approx(2.0, abs=0.01)
    assert second.end == pytest.approx(len(result.samples) / rate, abs=0.001)
    silence = result.samples[round(first.end * rate) : round(second.start * rate)]
    assert not silence.any()
