"""Test the autoregressive speech families with tiny checkpoints of the real classes."""

from functools import partial

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests import SpeechRequest
from studio.engine.speech import generate as speech
from studio.engine.speech.autoregressive.vibevoice import turns
from studio.engine.speech.sentences import group_pieces, split_sentences
from studio.engine.speech.time_stretch import stretch
from studio.models.inspect.model import inspect
from studio.models.memory.load_plan import LoadPlan
from tests.checkpoints.speech import (
    BARK_RATE,
    RATE,
    make_bark,
    make_csm,
    make_dia,
    make_pocket,
    make_speecht5,
    make_vibevoice,
)
from tests.engine.runs import run_job

MAKERS = {
    "bark": (make_bark, BARK_RATE),
    "csm": (make_csm, RATE),
    "dia": (make_dia, RATE),
    "gradium_phonon_tts": (partial(make_pocket, phonon=True), RATE),
    "pocket_tts": (make_pocket, RATE),
    "speecht5": (make_speecht5, 16_000),
    "vibevoice": (make_vibevoice, 24_000),
}
KEEPS_ITS_VOICE = {"bark", "csm", "dia"}


@pytest.fixture(scope="module", params=MAKERS)
def loaded(request, tmp_path_factory):
    make, rate = MAKERS[request.param]
    card = make(tmp_path_factory.mktemp("speech") / f"{request.param} 语音")
    return request.param, rate, card, speech.load(card)


def request_of(text="Hi. Yes!", **values):
    return SpeechRequest(**{"prompt": text, "seed": 1, **values})


def samples_of(card, pipeline, request):
    return run_job(speech, card, pipeline, request).results[0].samples[:, 0]


def test_family_is_detected_and_speaks(loaded):
    family, rate, card, pipeline = loaded
    assert (card.kind, card.family, card.runner) == ("speech", family, "transformers")
    assert card.sampling_rate in (rate, 0)
    outcome = run_job(speech, card, pipeline, request_of())
    (result,) = outcome.results
    assert result.sampling_rate == pipeline.rate == rate
    assert np.isfinite(result.samples).all()
    assert result.samples.std() > 0.0001
    streamed = np.concatenate([np.frombuffer(chunk.pcm, "<f4") for chunk in outcome.chunks])
    np.testing.assert_array_equal(streamed, result.samples[:, 0])
    assert outcome.progress[-1].step == outcome.progress[-1].total == len(outcome.chunks)


def test_seed_determines_the_audio(loaded):
    _family, _rate, card, pipeline = loaded
    first, again, other = (
        samples_of(card, pipeline, request_of("Hi.", seed=seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)


def test_cancel_is_obeyed_at_the_next_pass_and_the_model_stays_usable(loaded):
    _family, _rate, card, pipeline = loaded
    before, asked = samples_of(card, pipeline, request_of("Hi.")), 0

    def cancelled(_outcome):
        nonlocal asked
        asked += 1
        return asked > 4

    outcome = run_job(speech, card, pipeline, request_of("Hi."), cancelled)
    assert outcome.cancelled
    assert not outcome.results
    assert asked < 12
    np.testing.assert_array_equal(samples_of(card, pipeline, request_of("Hi.")), before)


def test_family_speaks_in_bf16(loaded):
    """Studio loads a model so on a GPU with little memory; the vocoder keeps float32."""
    _family, rate, card, _pipeline = loaded
    pipeline = speech.load(card, LoadPlan(precision="bf16"))
    samples = samples_of(card, pipeline, request_of())
    assert pipeline.rate == rate
    assert samples.std() > 0.0001


def test_next_chunk_continues_the_voice_of_the_previous_one(tmp_path, monkeypatch):
    """The second chunk continues in the voice of the first, not only with the same seed."""
    monkeypatch.setattr(
        "studio.engine.speech.autoregressive.dia.DAC_FRAMES", 10.0
    )  # random weights never end by themselves
    for family in sorted(KEEPS_ITS_VOICE):
        card = MAKERS[family][0](tmp_path / family)
        pipeline = speech.load(card)
        pipeline.reset()
        first, second = (
            pipeline.synthesize(text, "", 1.0, 1, lambda: False)
            for text in ("[S1] One.", "[S1] Two.")
        )
        pipeline.reset()
        alone = pipeline.synthesize("[S1] Two.", "", 1.0, 1, lambda: False)
        assert len(first)
        assert len(second) != len(alone) or not np.array_equal(second, alone), family


def test_long_first_chunk_is_dropped_from_the_context(tmp_path):
    """Context takes positions of the model; enough must remain for the next chunk."""
    for make in (make_dia, make_csm):
        card = make(tmp_path / make.__name__)
        text = "And so it goes on, with many more words of no importance. " * 8
        outcome = run_job(speech, card, speech.load(card), request_of(text))
        assert len(outcome.chunks) > 2
        assert not outcome.results[0].partial


# Bark's voices
# ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def bark(tmp_path_factory):
    return make_bark(tmp_path_factory.mktemp("bark") / "voices", voices=True)


def test_bark_lists_voices_with_files_only(bark):
    assert [(voice.name, voice.title, voice.language) for voice in bark.voices] == [
        ("v2/en_speaker_0", "en 0", "en"),
        ("v2/zh_speaker_1", "zh 1", "zh"),
    ]
    assert speech.choose_voice(bark, request_of("你好")) == "v2/zh_speaker_1"
    pipeline = speech.load(bark)
    english, chinese = (
        samples_of(bark, pipeline, request_of("Hi.", voice=voice.name)) for voice in bark.voices
    )
    assert len(english) != len(chinese) or not np.array_equal(english, chinese)


def test_bark_refuses_voices_that_are_pickles_or_outside_the_folder(bark, tmp_path):
    import shutil

    folder = shutil.copytree(bark.folder, tmp_path / "b")
    target = folder / "speaker_embeddings/v2_en_speaker_0_coarse_prompt.npy"
    np.save(target, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    card = inspect(folder)
    with pytest.raises(StudioError, match="is damaged"):
        run_job(speech, card, speech.load(card), request_of("Hi.", voice="v2/en_speaker_0"))
    shutil.move(target, tmp_path / "outside.npy")
    table = folder / "speaker_embeddings_path.json"
    table.write_text(
        table.read_text().replace(
            "speaker_embeddings/v2_en_speaker_0_coarse_prompt.npy", "../outside.npy"
        )
    )
    assert [voice.name for voice in inspect(folder).voices] == ["v2/zh_speaker_1"]


# Parts in folders of their own
# ----------------------------------------------------------------------


@pytest.mark.parametrize("make", [make_dia, make_pocket])
def test_missing_codec_error_names_its_repository(make, tmp_path):
    import shutil

    make(tmp_path / "m")
    shutil.rmtree(tmp_path / "m/audio_tokenizer")
    with pytest.raises(StudioError, match="its part audio_tokenizer") as caught:
        inspect(tmp_path / "m")
    assert ("descript/dac_44khz" in caught.value.message) == (make is make_dia)


def test_pocket_uses_the_requested_voice(tmp_path):
    card = make_pocket(tmp_path / "p")
    assert [voice.name for voice in card.voices] == ["alba", "marius"]
    pipeline = speech.load(card)
    first, other, default = (
        samples_of(card, pipeline, request_of("Hi.", voice=voice))
        for voice in ("alba", "marius", "")
    )
    np.testing.assert_array_equal(first, default)
    assert len(first) != len(other) or not np.array_equal(first, other)


def test_speecht5_speaks_without_a_vocoder(tmp_path):
    card = make_speecht5(tmp_path / "s", vocoder=False)
    samples = samples_of(card, speech.load(card), request_of("Hi."))
    assert samples.std() > 0.0001
    with pytest.raises(StudioError, match="speaks English"):
        run_job(speech, card, speech.load(card), request_of("你好"))


def test_griffin_lim_restores_the_frequency():
    import torch
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    from studio.engine.speech.autoregressive.speecht5 import (
        HIGHEST,
        HOP,
        LOWEST,
        WINDOW,
        griffin_lim,
    )

    time = np.arange(16_000) / 16_000
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    bank = mel_filter_bank(
        WINDOW // 2 + 1, 80, LOWEST, HIGHEST, 16_000, norm="slaney", mel_scale="slaney"
    )
    mel = spectrogram(
        tone,
        window_function(WINDOW, "hann"),
        WINDOW,
        HOP,
        power=1.0,
        mel_filters=bank,
        mel_floor=1e-10,
        log_mel="log10",
    )
    wave = griffin_lim(torch.from_numpy(mel.T).float()).numpy()
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequencies = np.fft.rfftfreq(len(wave), 1 / 16_000)
    assert abs(frequencies[power.argmax()] - 440) < 25
    assert 0.2 < np.abs(wave).max() < 1


# Pieces, turns and speed
# ----------------------------------------------------------------------


def test_short_sentences_are_grouped_without_losing_words():
    text = "One. Two. Three is a little longer. Four!\n\nFive, in a paragraph of its own."
    pieces = group_pieces(split_sentences(text), 30)
    assert [piece.text for piece in pieces] == [
        "One. Two.",
        "Three is a little longer.",
        "Four!",
        "Five, in a paragraph of its own.",
    ]
    assert " ".join(piece.text for piece in pieces).split() == text.split()
    assert pieces[2].pause > pieces[0].pause


def test_every_chunk_for_dia_begins_with_a_speaker_tag():
    from studio.engine.speech.autoregressive.dia import GROUP, Dia

    text = f"[S1] {'One thing. ' * 30}[S2] {'Another. ' * 40}"
    pieces = Dia.pieces(None, text)
    assert all(piece.text.startswith(("[S1]", "[S2]")) for piece in pieces)
    assert max(len(piece.text) for piece in pieces) < GROUP + 10
    assert pieces[-1].text.startswith("[S2]")


def test_vibevoice_splits_text_into_speaker_turns():
    assert turns("Hello there.") == [(0, "Hello there.")]
    assert turns("Speaker 1: Hello.\nSpeaker 2: Hi! [1] Yes.") == [
        (1, "Hello."),
        (2, "Hi!"),
        (1, "Yes."),
    ]


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_time_stretch_changes_length_and_keeps_pitch(speed):
    rate = 16_000
    time = np.arange(2 * rate) / rate
    tone = (0.5 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
    made = stretch(tone, speed, rate)
    assert abs(len(made) - len(tone) / speed) < 2
    power = np.abs(np.fft.rfft(made)) ** 2
    assert abs(np.fft.rfftfreq(len(made), 1 / rate)[power.argmax()] - 220) < 3
    middle = made[rate // 4 : -rate // 4]
    assert 0.3 < middle.std() / tone.std() < 1.2
    assert np.abs(made).max() < 0.75


def test_speed_1_keeps_the_samples():
    tone = np.linspace(-1, 1, 10_000, dtype=np.float32)
    np.testing.assert_array_equal(stretch(tone, 1.0, 8_000), tone)


def test_speed_changes_the_length(tmp_path):
    card = make_speecht5(tmp_path / "s")
    pipeline = speech.load(card)
    slow, fast = (
        len(pipeline.synthesize("hello there", "", speed, 1, lambda: False)) for speed in (0.5, 2.0)
    )
    assert 3.8 < slow / fast < 4.2
