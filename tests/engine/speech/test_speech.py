"""Test speech with the real builtin voice and with tiny VITS checkpoints of the real class."""

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.requests import SpeechRequest
from studio.engine.speech import generate as speech
from studio.engine.speech.sentences import PARAGRAPH_PAUSE, SENTENCE_PAUSE
from studio.models.card import ModelCard, Voice
from studio.models.registry import ModelRegistry
from tests.checkpoints.audio import RATE, make_vits
from tests.engine.runs import run_job

THREE = "The first one is here. The second comes after it! Is this the third?"


@pytest.fixture(scope="module")
def hibari():
    return speech.load(_hibari_card())


def _hibari_card() -> ModelCard:
    return ModelCard(
        name="hibari",
        title="Hibari",
        kind="speech",
        runner="hibari",
        builtin=True,
        voices=(Voice("heart", "Heart", "en-US"),),
    )


@pytest.fixture(scope="module")
def vits(tmp_path_factory):
    card = make_vits(tmp_path_factory.mktemp("vits 模型"))
    return card, speech.load(card)


def _speak(pipeline, text, cancelled=lambda _outcome: False, **values):
    return run_job(
        speech, _hibari_card(), pipeline, SpeechRequest(prompt=text, seed=1, **values), cancelled
    )


def test_builtin_voice_is_found_without_a_download(data: DataFolder):
    card = ModelRegistry(data).find("speech")
    assert card.name == "hibari"
    assert [voice.name for voice in card.voices] == ["heart"]


def test_sentences_are_streamed_and_joined_in_the_result(hibari):
    outcome = _speak(hibari, THREE)
    assert [(event.step, event.total, event.unit) for event in outcome.progress] == [
        (n, 3, "sentence") for n in (1, 2, 3)
    ]
    streamed = np.concatenate([np.frombuffer(chunk.pcm, "<f4") for chunk in outcome.chunks])
    (result,) = outcome.results
    np.testing.assert_array_equal(streamed, result.samples[:, 0])
    assert result.sampling_rate == outcome.chunks[0].sampling_rate == 24_000
    assert not result.partial
    assert 3 < len(streamed) / 24_000 < 10
    assert 0.02 < np.sqrt(np.mean(streamed**2)) < 0.3
    assert np.abs(streamed).max() <= 1
    assert outcome.statistics is not None
    assert outcome.statistics.units == len(streamed)
    assert 0 < outcome.statistics.first_seconds <= outcome.statistics.run_seconds


def test_the_voice_has_the_spectrum_of_speech(hibari):
    samples = _speak(hibari, THREE).results[0].samples[:, 0]
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / 24_000)
    assert power[(frequencies > 80) & (frequencies < 4_000)].sum() / power.sum() > 0.8


def test_speed_changes_the_length(hibari):
    slow, fast = (
        len(_speak(hibari, THREE, speed=speed).results[0].samples) for speed in (0.8, 1.6)
    )
    assert 1.6 < slow / fast < 2.4


def test_same_seed_gives_the_same_audio(hibari):
    first, second = (_speak(hibari, THREE).results[0].samples for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_pause_between_paragraphs_is_longer_than_between_sentences(hibari):
    near, far = (
        len(_speak(hibari, text).results[0].samples) for text in ("One. Two.", "One.\n\nTwo.")
    )
    assert far - near == pytest.approx((PARAGRAPH_PAUSE - SENTENCE_PAUSE) * 24_000, abs=2)


def test_trim_removes_silence_and_keeps_speech():
    rng = np.random.default_rng(0)
    speech_itself = rng.uniform(-0.3, 0.3, 24_000).astype(np.float32)
    around = np.concatenate(
        [np.zeros(9_600, np.float32), speech_itself, np.full(14_400, 0.0001, np.float32)]
    )
    kept = speech.trim(around, 24_000)
    assert len(speech_itself) + 2 * 960 - 240 <= len(kept) <= len(speech_itself) + 2 * 960 + 240
    start = next(place for place in range(len(kept)) if kept[place] == speech_itself[0])
    np.testing.assert_array_equal(kept[start : start + 24_000], speech_itself)
    for quiet in (np.zeros(0, np.float32), np.zeros(100, np.float32), np.zeros(24_000, np.float32)):
        np.testing.assert_array_equal(speech.trim(quiet, 24_000), quiet)
    np.testing.assert_array_equal(speech.trim(speech_itself, 24_000), speech_itself)


def test_pause_between_sentences_is_natural(hibari):
    samples = _speak(hibari, "This is one. This is two.").results[0].samples[:, 0]
    loud = np.abs(samples) > 0.01
    places = np.flatnonzero(loud)
    longest_gap = np.diff(places).max() / 24_000
    assert 0.3 < longest_gap < 0.6


def test_cancel_keeps_finished_sentences(hibari):
    outcome = _speak(hibari, THREE, lambda outcome: len(outcome.chunks) >= 2)
    assert outcome.cancelled
    (result,) = outcome.results
    assert result.partial
    assert len(result.samples) * 4 == sum(len(chunk.pcm) for chunk in outcome.chunks)
    assert len(outcome.chunks) == 2


def test_cancel_before_the_first_sentence_keeps_nothing(hibari):
    outcome = _speak(hibari, THREE, lambda _outcome: True)
    assert outcome.cancelled
    assert not outcome.results
    assert not outcome.chunks


def test_cancel_after_the_last_sentence_keeps_a_complete_result(hibari):
    outcome = _speak(hibari, THREE, lambda outcome: len(outcome.progress) == 3)
    assert outcome.cancelled
    assert not outcome.results[0].partial


@pytest.mark.parametrize("text", ["...", "😀 😀", "— — —"])
def test_text_without_speakable_characters_is_refused(hibari, text):
    with pytest.raises(StudioError, match="text holds nothing"):
        _speak(hibari, text)


def test_punctuation_between_sentences_is_a_pause(hibari):
    outcome = _speak(hibari, "One thing. ... Another thing.")
    pause = np.frombuffer(outcome.chunks[1].pcm, "<f4")
    assert len(pause)
    assert not pause.any()


@pytest.mark.parametrize(
    ("text", "cure"),
    [("你好，世界。", "Kokoro"), ("Привет, мир.", "MMS"), ("Say this: 你好世界，再见。", "Kokoro")],
)
def test_text_in_an_unsupported_script_is_refused(hibari, text, cure):
    with pytest.raises(StudioError, match="speaks English only") as caught:
        _speak(hibari, text)
    assert cure in caught.value.cure
    assert caught.value.cause == "invalid"


@pytest.mark.parametrize(
    ("text", "language", "cure"),
    [
        (
            "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung.",
            "German",
            "facebook/mms-tts-deu",
        ),
        ("Le chat est sur la table de la cuisine et dort.", "French", "facebook/mms-tts-fra"),
        ("Mañana vamos a la playa con nuestros amigos.", "Spanish", "facebook/mms-tts-spa"),
        ("Dzień dobry, jak się pan dzisiaj czuje?", "Polish", "suno/bark-small"),
        ("Tänään on hyvin kaunis päivä ja se on hyvä.", "Finnish", "MMS-TTS"),
    ],
)
def test_unsupported_latin_language_is_named_with_a_remedy(hibari, text, language, cure):
    with pytest.raises(
        StudioError, match=f"speaks English only, and this text seems to be in {language}"
    ) as caught:
        _speak(hibari, text)
    assert cure in caught.value.cure
    assert caught.value.cause == "invalid"


def test_pause_tag_has_its_length_at_any_speed(hibari):
    for speed in (1.0, 2.0):
        plain, paused = (
            len(_speak(hibari, text, speed=speed).results[0].samples)
            for text in ("One thing", "One thing [pause:2]")
        )
        assert paused - plain == 2 * 24_000
    samples = (
        _speak(hibari, 'First part. <break time="1500ms"/> Second part.').results[0].samples[:, 0]
    )
    places = np.flatnonzero(np.abs(samples) > 0.01)
    assert 1.5 < np.diff(places).max() / 24_000 < 1.7


def test_tags_are_not_read_aloud(hibari):
    plain = _speak(hibari, "Hello there.").results[0].samples
    tagged = (
        _speak(hibari, '<speak><prosody rate="slow">Hello there.</prosody></speak>')
        .results[0]
        .samples
    )
    np.testing.assert_array_equal(plain, tagged)


def test_text_of_pauses_only_is_refused(hibari):
    with pytest.raises(StudioError, match="text holds nothing"):
        _speak(hibari, "[pause:1] [pause:2]")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "It cost 15£ on 2023-11-09.",
            "It cost fifteen pounds on November ninth, twenty twenty three.",
        ),
        (
            "Call 555-867-5309 at 7:05!",
            "Call five five five, eight six seven, five three zero nine at seven oh five!",
        ),
        ("cafe\u0301 in 1984", "café in nineteen eighty four"),
    ],
)
def test_numbers_are_spoken_as_words(hibari, written, words):
    np.testing.assert_array_equal(
        _speak(hibari, written).results[0].samples, _speak(hibari, words).results[0].samples
    )


def test_speaker_continues_after_a_pause():
    from studio.engine.speech.autoregressive.dia import Dia
    from studio.engine.speech.autoregressive.vibevoice import VibeVoice

    dia, vibevoice = Dia.__new__(Dia), VibeVoice.__new__(VibeVoice)
    pieces = speech.pieces_of(dia, "[S1] Hello. [S2] I have 2 dogs. [pause:1] And 3 cats.", ("en",))
    assert [piece.text for piece in pieces] == [
        "[S1] Hello. [S2] I have two dogs.",
        "[S2] And three cats.",
    ]
    assert [piece.silence for piece in pieces] == [1.0, 0.0]
    pieces = speech.pieces_of(
        vibevoice, "Speaker 1: Hello. Speaker 2: It is 5. [pause:1] Yes.", ("en", "zh")
    )
    assert [piece.text for piece in pieces] == [
        "Speaker 1: Hello. Speaker 2: It is five.",
        "Speaker 2: Yes.",
    ]


def test_foreign_name_in_a_long_text_is_accepted(hibari):
    assert _speak(
        hibari, "The city of Beijing, written 北京, is the capital of the country."
    ).results


def test_unknown_voice_error_lists_the_available_voices(hibari):
    with pytest.raises(StudioError, match="no voice 'nobody'") as caught:
        _speak(hibari, "Hello.", voice="nobody")
    assert "heart" in caught.value.cure


def test_default_voice_follows_the_language_of_the_text():
    voices = (Voice("en1", "", "en-GB"), Voice("zh1", "", "zh"), Voice("zh2", "", "zh-CN"))
    card = ModelCard(name="k", title="K", kind="speech", runner="kokoro", voices=voices)
    assert speech.choose_voice(card, SpeechRequest(prompt="Hello")) == "en1"
    assert speech.choose_voice(card, SpeechRequest(prompt="你好")) == "zh1"
    assert speech.choose_voice(card, SpeechRequest(prompt="你好", voice="en1")) == "en1"
    assert (
        speech.choose_voice(
            card, SpeechRequest(prompt="Her name is Li Na (李娜), and she plays tennis.")
        )
        == "en1"
    )
    assert speech.choose_voice(card, SpeechRequest(prompt="我用 Python 和 Excel 做表格。")) == "zh1"


# VITS
# ----------------------------------------------------------------------


def test_vits_uses_its_sampling_rate_and_the_seed(vits):
    card, pipeline = vits
    request = SpeechRequest(prompt="hello there. and more", seed=1)
    first = run_job(speech, card, pipeline, request)
    again = run_job(speech, card, pipeline, request)
    other = run_job(speech, card, pipeline, SpeechRequest(prompt=request.prompt, seed=2))
    assert first.results[0].sampling_rate == RATE
    assert np.isfinite(first.results[0].samples).all()
    assert first.results[0].samples.any()
    np.testing.assert_array_equal(first.results[0].samples, again.results[0].samples)
    assert not np.array_equal(first.results[0].samples, other.results[0].samples)


def test_vits_speed_sets_its_speaking_rate(vits):
    card, pipeline = vits
    text = "a long enough sentence to be distinguished"
    slow, fast = (
        len(
            run_job(speech, card, pipeline, SpeechRequest(prompt=text, seed=1, speed=speed))
            .results[0]
            .samples
        )
        for speed in (0.5, 2.0)
    )
    assert slow > 2 * fast


def test_vits_cancels_between_layers(vits):
    card, pipeline = vits
    asked = 0

    def cancelled(_outcome):
        nonlocal asked
        asked += 1
        return asked > 20  # in the middle of the first sentence

    outcome = run_job(speech, card, pipeline, SpeechRequest(prompt=THREE, seed=1), cancelled)
    assert outcome.cancelled
    assert not outcome.results
    assert asked < 30
    assert run_job(speech, card, pipeline, SpeechRequest(prompt=THREE, seed=1)).results, (
        "the model is as it was"
    )


def test_vits_with_speakers_has_a_voice_for_each(tmp_path):
    card = make_vits(tmp_path / "many", speakers=3)
    pipeline = speech.load(card)
    recordings = [
        run_job(speech, card, pipeline, SpeechRequest(prompt="hello", seed=1, voice=voice))
        .results[0]
        .samples
        for voice in ("", "0", "2")
    ]
    np.testing.assert_array_equal(recordings[0], recordings[1])
    assert recordings[1].shape != recordings[2].shape or not np.array_equal(
        recordings[1], recordings[2]
    )
    with pytest.raises(StudioError, match="no voice '7'"):
        run_job(speech, card, pipeline, SpeechRequest(prompt="hello", voice="7"))


@pytest.mark.parametrize("text", ["你好", "Привет", "Hello Привет"])
def test_vits_refuses_letters_outside_its_vocabulary(vits, text):
    card, pipeline = vits
    with pytest.raises(StudioError, match="cannot read the letters"):
        run_job(speech, card, pipeline, SpeechRequest(prompt=text))


def test_vits_refuses_a_text_of_digits_only(vits):
    card, pipeline = vits
    with pytest.raises(StudioError, match="text holds nothing"):
        run_job(speech, card, pipeline, SpeechRequest(prompt="12 34", seed=1))


def test_model_that_needs_espeak_is_refused_on_load(tmp_path):
    with pytest.raises(StudioError, match="espeak"):
        speech.load(make_vits(tmp_path / "espeak", phonemize=True))


def test_nan_samples_fail_the_job(tmp_path):
    import torch

    card = make_vits(tmp_path / "damaged")
    pipeline = speech.load(card)
    with torch.no_grad():
        pipeline._model.decoder.conv_pre.weight.fill_(float("nan"))
    with pytest.raises(StudioError, match="invalid audio"):
        run_job(speech, card, pipeline, SpeechRequest(prompt="hello", seed=1))
