"""The starter music model in the real engine: musical quality, all inputs, bad input, cancels."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.events import Cancelled, Failed, Finished
from studio.core.jobs import new_job
from studio.core.requests import MusicRequest
from studio.engine.local import LocalEngine
from studio.engine.music import generate as music
from studio.engine.music.symbolic_length import plan_length
from studio.library import artifacts
from studio.media.companion_midi import companion_midi
from studio.media.midi import parse_midi
from studio.models.card import request_for
from studio.models.catalog import entry_named
from studio.symbolic_music.continuation import read_continuation
from studio.symbolic_music.events import STEPS_A_BEAT
from studio.symbolic_music.prompt import read
from tests.engine.runs import run_job, run_one
from tools.starter_models.music.measures import ends_well, scale_consistency

CARD = entry_named("starter-music").card


@pytest.fixture(scope="module")
def pipeline():
    return music.load(CARD)


def play(pipeline, prompt="calm piano in D minor", cancelled=lambda _outcome: False, **values):
    request = request_for(CARD, {"prompt": prompt, "seed": 1, "seconds": 8, **values})
    return run_job(music, CARD, pipeline, request, cancelled)


def bars_of(result, folder):
    path = folder / "made.mid"
    path.write_bytes(result.midi)
    return read_continuation(path)


@pytest.mark.parametrize(
    "prompt",
    [
        "soft piano",
        "techno",
        "jazz",
        "waltz",
        "120 bpm waltz",
        "slow 60 bpm",
        "40 bpm",
        "200 bpm rock",
    ],
)
def test_the_last_chord_leaves_room_for_the_piece(prompt):
    parsed = read(prompt)
    for seconds in [quarter / 4 for quarter in range(12, 240)]:
        if seconds * parsed.bpm < 60 * 4:  # under four beats there is little to divide
            continue
        plan = plan_length(parsed, seconds)
        bar = parsed.brief.steps / STEPS_A_BEAT * 60 / plan.bpm
        last = seconds - ((plan.bars - 1) * bar - plan.upbeat)
        assert 0.1 * seconds <= last + 1e-9 or seconds > 20, (seconds, plan)
        assert last < 0.5 * seconds, (seconds, plan)
        assert abs(plan.bpm / parsed.bpm - 1) <= (0.031 if parsed.exact_bpm else 0.151)
        assert 0 <= plan.upbeat < bar
        assert plan.seconds == seconds
    assert (
        plan_length(parsed, 60).upbeat == 0
    )  # a piece that is long enough begins with a whole bar


def test_a_short_piece_is_more_than_its_last_chord(pipeline, tmp_path):
    (result,) = play(pipeline, "soft piano", seconds=4).results
    assert result.samples.shape == (4 * 44_100, 2)
    assert np.abs(result.samples[:22_050]).max() > 0.01  # no rest at the beginning
    found = parse_midi(result.midi, "made.mid")
    begins = sorted({note.begin for note in found.notes})
    assert len(begins) >= 3
    quiet = np.abs(result.samples[-2_000:]).max()
    assert quiet < 0.2 * np.abs(result.samples).max()


def test_the_card_matches_its_folder():
    weights = CARD.folder / "model.safetensors"
    assert CARD.size == weights.stat().st_size
    assert sum(path.stat().st_size for path in CARD.folder.iterdir()) < 30_000_000
    assert {"NOTICE", "config.json", "events.json", "instruments.toml"} <= {
        path.name for path in CARD.folder.iterdir()
    }
    assert CARD.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_music_has_its_key_an_ending_and_the_requested_length(pipeline, tmp_path):
    outcome = play(pipeline, seconds=16)
    (result,) = outcome.results
    assert result.samples.shape == (16 * 44_100, 2)
    assert result.prompt_read == "calm ballad, D minor, 66 bpm, piano"
    found = bars_of(result, tmp_path)
    assert (found.mode, found.key) == ("minor", 2)
    assert scale_consistency(found.bars) > 0.9
    assert ends_well(found.bars, "minor")
    assert outcome.progress[-1].step == outcome.progress[-1].total == len(found.bars)
    loud = np.sqrt(np.mean(result.samples**2))
    assert 0.05 < loud < 0.3
    assert np.abs(result.samples).max() < 0.96


def test_same_seed_gives_identical_bytes(pipeline):
    first, again, other = (play(pipeline, seed=seed, seconds=4).results[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.samples, again.samples)
    notes = [parse_midi(result.midi, "x.mid").notes for result in (first, again, other)]
    assert notes[0] == notes[1] != notes[2]


@pytest.mark.parametrize(
    "prompt",
    [
        "qwrtz xyzzy",
        "a very long wish " * 625,
        "🎹🥁",
        "欢快的中国风 古筝和竹笛",
        "яблоко",
        "<b>&amp;</b> %s {0}",
        "\u202epiano\u200b",
    ],
)
def test_any_prompt_gives_music(pipeline, prompt):
    (result,) = play(pipeline, prompt, seconds=2).results
    assert np.abs(result.samples).max() > 0.1


def test_an_empty_prompt_is_refused():
    with pytest.raises(InvalidRequestError, match="prompt"):
        request_for(CARD, {"prompt": " "})


def test_extreme_lengths_and_temperatures(pipeline):
    assert len(play(pipeline, seconds=0.5).results[0].samples) == 22_050
    for temperature in (0.01, 5):
        (result,) = play(pipeline, seconds=3, temperature=temperature).results
        assert np.isfinite(result.samples).all()
        assert np.abs(result.samples).max() > 0.1


@pytest.mark.parametrize("seconds", [0.4, 601])
def test_other_lengths_are_refused(seconds):
    with pytest.raises(InvalidRequestError, match="seconds"):
        request_for(CARD, {"prompt": "piano", "seconds": seconds})


@pytest.mark.parametrize("asked", [1, 2, 60, 150])
def test_a_cancel_at_any_time_keeps_complete_bars(pipeline, tmp_path, asked):
    count = 0

    def cancelled(_outcome):
        nonlocal count
        count += 1
        return count > asked

    outcome = play(pipeline, "energetic rock", seconds=12, cancelled=cancelled)
    assert outcome.cancelled
    whole = bars_of(play(pipeline, "energetic rock", seconds=12).results[0], tmp_path)
    bars = len(outcome.progress)
    assert len(outcome.results) == (bars > 0)
    if bars:
        (result,) = outcome.results
        assert result.partial
        kept = bars_of(result, tmp_path)
        assert [sorted(bar.notes) for bar in kept.bars] == [
            sorted(bar.notes) for bar in whole.bars[:bars]
        ]
        assert len(result.samples) < 12 * 44_100


def test_continuation_keeps_key_and_tempo(pipeline, tmp_path):
    path = tmp_path / "first 第一.mid"
    path.write_bytes(play(pipeline, "sad violin waltz in G minor", seconds=6).results[0].midi)
    before = read_continuation(path)
    (result,) = play(pipeline, "more", seconds=6, continue_from=str(path)).results
    after = bars_of(result, tmp_path)
    assert (after.mode, after.key, after.steps, after.parts) == (
        before.mode,
        before.key,
        before.steps,
        before.parts,
    )
    assert after.bpm == pytest.approx(before.bpm, rel=1e-3)
    assert [bar.notes for bar in after.bars[: len(before.bars)]] == [
        bar.notes for bar in before.bars
    ]
    assert len(after.bars) > len(before.bars)
    assert ends_well(after.bars, after.mode)
    assert before.seconds < len(result.samples) / 44_100 <= before.seconds + 6 + 0.01
    assert result.prompt_read.startswith("continues first 第一.mid: sad waltz, G minor, ")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_continuation_can_add_drums(pipeline, tmp_path, seed):
    path = tmp_path / "first.mid"
    path.write_bytes(play(pipeline, "soft piano", seconds=8).results[0].midi)
    before = read_continuation(path)
    assert "D" not in before.parts
    (result,) = play(
        pipeline, "go on, with drums", seconds=16, seed=seed, continue_from=str(path)
    ).results
    new = bars_of(result, tmp_path).bars[len(before.bars) :]
    assert len(new) > 1
    assert all(any(note.part == "D" for note in bar.notes) for bar in new)


def test_cancel_before_the_first_new_bar_keeps_nothing(pipeline, tmp_path):
    path = tmp_path / "first.mid"
    path.write_bytes(play(pipeline, seconds=4).results[0].midi)
    outcome = play(pipeline, "more", continue_from=str(path), cancelled=lambda _outcome: True)
    assert outcome.cancelled
    assert not outcome.results


def test_a_missing_midi_file_is_a_studio_error(pipeline, tmp_path):
    with pytest.raises(StudioError, match=r"gone\.mid does not exist"):
        play(pipeline, continue_from=str(tmp_path / "gone.mid"))
    with pytest.raises(InvalidRequestError, match=r"ends in \.mid"):
        request_for(CARD, {"prompt": "more", "continue_from": "/tmp/song.wav"})


# Files
# ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    from studio.core.paths import DataFolder

    data = DataFolder(root=tmp_path_factory.mktemp("data"))
    data.create()
    engine = LocalEngine(data)
    yield engine
    engine.close()


def run(engine, job, cancelled=lambda: False):
    events = []
    run_one(engine, job, events.append, cancelled)
    return events[-1]


def job_for(folder, stem="", **values):
    return new_job(
        request_for(CARD, {"prompt": "soft piano", "seed": 2, "seconds": 3, **values}),
        str(folder),
        stem,
    )


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_the_midi_file_is_saved_with_the_audio(engine, tmp_path, ending):
    job = job_for(tmp_path, format=ending)
    ended = run(engine, job)
    assert isinstance(ended, Finished)
    path = Path(ended.artifacts[0].path)
    assert soundfile.info(io.BytesIO(path.read_bytes())).duration == pytest.approx(3, abs=0.1)
    midi = companion_midi(path)
    assert midi == path.with_suffix(".mid")
    assert parse_midi(midi.read_bytes(), midi.name).text.startswith(f"Studio, job {job.id}: ")
    recipe = artifacts.read_recipe(path)
    assert recipe.request == job.request
    assert recipe.prompt_read == "calm ballad, C major, 66 bpm, piano"
    assert artifacts.find_complete(job)


def test_a_job_killed_between_midi_and_audio_writes_the_same_files_again(engine, tmp_path):
    job = job_for(tmp_path)
    ended = run(engine, job)
    path = Path(ended.artifacts[0].path)
    audio, midi = path.read_bytes(), path.with_suffix(".mid").read_bytes()
    path.unlink()  # as if it was killed here
    assert not artifacts.find_complete(job), "the notes alone are no result"
    again = run(engine, job)
    assert isinstance(again, Finished)
    assert path.with_suffix(".mid").read_bytes() == midi
    assert len(path.read_bytes()) == len(audio)
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".mid", ".wav"]


@pytest.mark.parametrize("ending", [".mid", ".wav"])
def test_an_existing_file_is_never_overwritten(engine, tmp_path, ending):
    theirs = (tmp_path / "tune").with_suffix(ending)
    theirs.write_bytes(b"precious")
    ended = run(engine, job_for(tmp_path, "tune"))
    assert isinstance(ended, Failed)
    assert theirs.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [theirs], "no partial file is left"


def test_a_cancelled_job_keeps_its_bars_as_audio_and_midi_and_can_run_again(engine, tmp_path):
    job, asked = job_for(tmp_path, prompt="energetic rock", seconds=12), 0

    def cancelled():
        nonlocal asked
        asked += 1
        return asked > 120

    ended = run(engine, job, cancelled)
    assert isinstance(ended, Cancelled)
    (kept,) = ended.artifacts
    assert kept.partial
    assert companion_midi(Path(kept.path))
    assert isinstance(run(engine, job), Finished)
    assert soundfile.info(kept.path).duration == pytest.approx(12, abs=0.01)


def test_an_audio_model_cannot_continue_midi(tmp_path):
    from tests.checkpoints.audio import make_musicgen

    card = make_musicgen(tmp_path / "musicgen")
    with pytest.raises(StudioError, match="makes audio, not notes"):
        run_job(
            music,
            card,
            music.load(card),
            MusicRequest(prompt="x", seconds=0.5, continue_from="/tmp/x.mid"),
        )
