"""Test Kokoro with its real weights: English, Chinese, and a cancel inside a long sentence."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests import SpeechRequest
from studio.engine.speech import generate as speech
from studio.models.card_store import read_card
from tests.engine.runs import run_job

_FOLDER = Path(os.environ.get("STUDIO_STARTER_DIR", "")) / "models/kokoro-82m"
pytestmark = [
    pytest.mark.starter,
    pytest.mark.skipif(
        not (os.environ.get("STUDIO_STARTER_DIR") and _FOLDER.is_dir()),
        reason="Kokoro is not installed",
    ),
]


@pytest.fixture(scope="module")
def kokoro():
    card = read_card(_FOLDER)
    assert card is not None
    return card, speech.load(card)


@pytest.mark.parametrize(
    ("text", "voice", "least", "most"),
    [
        ("Hello there, this is a test of the voice.", "af_heart", 1.5, 5),
        ("Hello there, this is a test of the voice.", "bm_george", 1.5, 5),
        ("今天天气很好，我们去公园散步吧。", "", 2, 6),
        ("这个GPT-4模型在2024年增长了3.5%。", "zm_yunxi", 3, 12),
    ],
)
def test_english_and_chinese_are_spoken(kokoro, text, voice, least, most):
    card, pipeline = kokoro
    (result,) = run_job(speech, card, pipeline, SpeechRequest(prompt=text, voice=voice)).results
    samples = result.samples[:, 0]
    assert least < len(samples) / result.sampling_rate < most
    assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.3
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / result.sampling_rate)
    assert power[(frequencies > 80) & (frequencies < 4_000)].sum() / power.sum() > 0.8


def test_all_voices_are_listed_and_differ(kokoro):
    card, pipeline = kokoro
    recordings = [
        pipeline.synthesize("Yes.", voice.name, 1.0, 0, lambda: False) for voice in card.voices
    ]
    assert len({recording.tobytes() for recording in recordings}) == len(card.voices) == 12


def test_speed_changes_the_length(kokoro):
    _card, pipeline = kokoro
    slow, fast = (
        len(pipeline.synthesize("A sentence to be timed.", "af_heart", speed, 0, lambda: False))
        for speed in (0.7, 1.4)
    )
    assert 1.5 < slow / fast < 2.5


def test_cancel_inside_a_long_sentence_keeps_the_first_sentence(kokoro):
    card, pipeline = kokoro
    text = (
        "Here is the first sentence. "
        + "And the second goes on "
        + "and on " * 33
        + "without an end."
    )
    begun = [0.0]

    def cancelled(outcome):
        if not outcome.chunks:
            return False
        begun[0] = begun[0] or time.monotonic()
        return time.monotonic() - begun[0] > 0.3

    outcome = run_job(speech, card, pipeline, SpeechRequest(prompt=text), cancelled)
    assert time.monotonic() - begun[0] < 2.0, "the engine's child would soon be killed"
    assert outcome.cancelled
    assert len(outcome.chunks) == 1
    assert outcome.results[0].partial
    assert run_job(speech, card, pipeline, SpeechRequest(prompt="It still works.")).results


@pytest.mark.parametrize("text", ["こんにちは、元気ですか。", "Привет, мир.", "안녕하세요"])
def test_other_scripts_are_refused(kokoro, text):
    card, pipeline = kokoro
    with pytest.raises(StudioError, match="English and Chinese"):
        run_job(speech, card, pipeline, SpeechRequest(prompt=text))


def test_very_long_word_is_spoken(kokoro):
    _card, pipeline = kokoro
    assert len(pipeline.synthesize("x" * 300, "af_heart", 4.0, 0, lambda: False))
