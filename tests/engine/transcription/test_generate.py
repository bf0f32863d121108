"""The runner of transcripts, with a tiny random Whisper that was converted as an installed one."""

import itertools

import numpy as np
import pytest
import soundfile

from studio.core.errors import StudioError
from studio.core.requests import TranscribeRequest
from studio.engine.transcription import generate
from studio.engine.transcription.recognizer import Attempt, compression
from studio.engine.transcription.windows import Windows, is_silent, silent_start
from studio.media.speech_samples import RATE
from studio.models.files.whisper_weights import write_whisper_folder
from studio.models.inspect.model import inspect
from tests.checkpoints.whisper import make_whisper
from tests.engine.runs import run_job


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("whisper")
    make_whisper(source)
    write_whisper_folder(
        source / "model.bin", source / "tokenizer.json", source / "config.json", folder
    )
    return inspect(folder)


@pytest.fixture(scope="module")
def recognizer(card):
    return generate.load(card)


@pytest.fixture
def scripted(recognizer, monkeypatch):
    """Makes the model write the same in each window: 1.5 s, a pause, up to the end of 3 s."""
    special = recognizer.special
    first = special.first_time

    def write(encoded, language, seed, check):
        check()
        hi, by = (recognizer._tokenizer.encode(word) for word in ("Hi", "By"))
        tokens = (first, *hi, first + 75, first + 100, *by, first + 150, special.end)
        return Attempt(tokens, "HiBy", -0.2, 0.0)

    monkeypatch.setattr(recognizer, "write", write)
    return recognizer


def tone(seconds, rate=RATE, loudness=0.3):
    return (loudness * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)).astype("f4")


@pytest.fixture
def record(tmp_path):
    def write(*parts, rate=RATE, name="talk.wav"):
        soundfile.write(tmp_path / name, np.concatenate(parts), rate)
        return tmp_path / name

    return write


def run(card, recognizer, path, cancelled=lambda _outcome: False, **values):
    request = TranscribeRequest(audio=str(path), **values)
    return run_job(generate, card, recognizer, request, cancelled)


def test_folder_is_recognized(card):
    assert (card.kind, card.family, card.runner) == ("transcribe", "whisper", "transformers")
    assert card.sampling_rate in (0, RATE)


def test_the_model_itself_writes_and_repeats_itself_exactly(card, recognizer, record):
    path = record(tone(2.0))
    first, second = (run(card, recognizer, path, language="en") for _time in range(2))
    (result,) = first.results
    assert result.transcript == second.results[0].transcript
    assert result.transcript.language in ("en", "")
    assert first.statistics.unit == "second"
    assert list(result.inputs) == ["audio"]


def test_language_is_detected(card, recognizer, record):
    detected = recognizer.detect_language(recognizer.encode(tone(1.0)))
    assert detected in ("en", "zh")


def test_segments_have_the_times_of_the_file(card, scripted, record):
    path = record(np.zeros(4 * RATE, "f4"), tone(3.0))
    (result,) = run(card, scripted, path).results
    times = [(one.start, one.end, one.text) for one in result.transcript.segments]
    assert times == [(3.8, 5.3, "Hi"), (5.8, 6.8, "By")]
    assert result.text == "Hi By\n"


def test_long_files_are_read_window_by_window(card, scripted, record):
    outcome = run(card, scripted, record(tone(61.0, 8_000), rate=8_000), format="srt")
    starts = [one.start for one in outcome.results[0].transcript.segments]
    assert starts == [0.0, 2.0, 30.0, 32.0, 60.0]
    assert "00:00:30,000 --> 00:00:31,500\nHi" in outcome.results[0].text
    assert [one.step for one in outcome.progress] == [0, 30, 60]
    assert {one.total for one in outcome.progress} == {61}


def test_silence_has_no_words(card, scripted, record):
    quiet = np.random.default_rng(0).normal(0, 1e-5, 40 * RATE).astype("f4")
    (result,) = run(card, scripted, record(quiet)).results
    assert (result.text, result.transcript.segments) == ("", ())


def test_segment_in_silence_is_left_out(card, scripted, record):
    (result,) = run(card, scripted, record(tone(1.6), np.zeros(RATE * 2, "f4"))).results
    assert [one.text for one in result.transcript.segments] == ["Hi"]


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt((1,), "Thank you.", -1.4, 0.9),
        Attempt((1,), "ご視聴ありがとうございました", -0.83, 0.668),
        Attempt((1,), "nd", -1.5, 0.464),
        Attempt((1,), "so and " * 40, -0.1, 0.0),
    ],
    ids=["no speech", "noise", "clicks", "repetition"],
)
def test_made_up_words_are_left_out(card, recognizer, record, monkeypatch, attempt):
    monkeypatch.setattr(recognizer, "write", lambda *_arguments: attempt)
    (result,) = run(card, recognizer, record(tone(2.0))).results
    assert result.transcript.segments == ()


def test_speech_over_music_is_kept():
    assert not Attempt((1,), "It was the best of times.", -0.33, 0.601).is_no_speech
    assert not Attempt((1,), "Never tried, ever failed.", -0.61, 0.11).is_no_speech


def test_cancel_keeps_what_is_there(card, scripted, record):
    outcome = run(
        card, scripted, record(tone(61.0)), cancelled=lambda so_far: len(so_far.progress) > 2
    )
    assert outcome.cancelled
    (result,) = outcome.results
    assert result.partial
    assert len(result.transcript.segments) == 4


def test_cancel_before_the_first_word_keeps_nothing(card, recognizer, record):
    outcome = run(card, recognizer, record(tone(2.0)), cancelled=lambda so_far: so_far.progress)
    assert outcome.cancelled
    assert not outcome.results


def test_unknown_language_of_the_model_is_an_error(card, recognizer, record):
    with pytest.raises(StudioError, match="does not know the language de"):
        run(card, recognizer, record(tone(1.0)), language="de")


def test_repetition_is_recognized_by_its_size():
    assert compression("so and " * 40) > 2.4
    assert compression("It was the best of times, it was the worst of times.") < 2.4
    assert compression("") == 0


def test_windows_keep_only_what_is_ahead():
    blocks = (np.full(RATE, number, "f4") for number in itertools.count())
    windows = Windows(blocks)
    for number in range(0, 600, 30):
        samples = windows.window()
        assert (len(samples), samples[0], windows.seconds) == (30 * RATE, number, number)
        windows.advance(len(samples))
        assert len(windows._samples) <= RATE


def test_silence_is_measured():
    silence = np.zeros(RATE, "f4")
    assert is_silent(silence)
    assert not is_silent(tone(0.1))
    assert silent_start(silence) == RATE
    assert silent_start(np.concatenate((silence, tone(1.0)))) == RATE - RATE // 5
