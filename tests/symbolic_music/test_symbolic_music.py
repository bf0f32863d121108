"""Test the starter music: events, grammar, score, synthesis and prompts, without the model."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.translation import use_language
from studio.symbolic_music import prompt as music_words
from studio.symbolic_music.continuation import lead_in, merge, read_continuation
from studio.symbolic_music.description import NAMES, describe, describe_for_user
from studio.symbolic_music.events import (
    LEADS,
    MODES,
    MOODS,
    PART_SETS,
    STYLES,
    TEMPI,
    Bar,
    Brief,
    Note,
    decode,
    drums,
    encode,
    vocabulary,
)
from studio.symbolic_music.grammar import Grammar, follows
from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.mixer import Mixer
from studio.symbolic_music.score import SWING, Playing, midi_file, play
from studio.symbolic_music.synth import RATE, drum, tone
from tests.media.test_midi import midi, off, on, tempo, track
from tools.starter_models.music.composer import compose

BRIEFS = st.builds(
    Brief,
    style=st.sampled_from(STYLES),
    mood=st.sampled_from(MOODS),
    mode=st.sampled_from(MODES),
    tempo=st.sampled_from(TEMPI),
    lead=st.sampled_from(LEADS),
    parts=st.sampled_from(PART_SETS),
)


def written(brief, bars, key=0, bpm=100.0, seed=1):
    """The piece as the MIDI file that Studio writes."""
    band = music_words.band_of(brief.style)
    playing = Playing(SWING.get(brief.style, 0.0), brief.steps, bpm, key, brief.mode, band, seed)
    strokes = [stroke for number, bar in enumerate(bars) for stroke in play(bar, number, playing)]
    return midi_file(
        strokes,
        playing,
        f"Studio, job abc123: {brief.mood} {brief.style}, C {brief.mode}, 100 bpm, piano",
    ), playing


def heard(bar):
    return sorted(note for note in bar.notes if note.part != "C")


@given(BRIEFS, st.integers(1, 20), st.integers(0, 10_000))
@settings(max_examples=30)
def test_tokens_round_trip(brief, count, seed):
    bars = compose(brief, count, Random(seed))
    again = decode(encode(brief, bars))
    assert [bar.section for bar in again] == [bar.section for bar in bars]
    assert [set(bar.notes) for bar in again] == [set(bar.notes) for bar in bars]


@given(BRIEFS, st.integers(1, 9), st.integers(0, 10_000), st.booleans())
@settings(max_examples=30)
def test_any_allowed_token_sequence_is_a_piece_of_the_requested_bars(brief, count, seed, in_key):
    grammar, random, tokens = Grammar(brief, count, in_key=in_key), np.random.default_rng(seed), []
    while not grammar.over:
        token = int(random.choice(np.flatnonzero(grammar.allowed())))
        grammar.push(token)
        tokens.append(token)
        assert len(tokens) < 20_000
    bars = decode(tokens)
    assert grammar.bars == len(bars) == count
    assert follows(brief, count, tokens, in_key=in_key)
    assert all(note.part in (*brief.parts, "C") for bar in bars for note in bar.notes)
    assert all(note.step + note.length <= brief.steps for bar in bars for note in bar.notes)
    assert vocabulary().tokens[tokens[-1]] == "<end>"


@given(BRIEFS, st.integers(1, 9), st.integers(0, 10_000), st.sets(st.sampled_from("DBHM")))
@settings(max_examples=30)
def test_entering_parts_play_in_every_bar(brief, count, seed, entering):
    grammar, random, tokens = (
        Grammar(brief, count, entering="".join(entering)),
        np.random.default_rng(seed),
        [],
    )
    while not grammar.over:
        tokens.append(int(random.choice(np.flatnonzero(grammar.allowed()))))
        grammar.push(tokens[-1])
    for bar in decode(tokens):
        assert entering & set(brief.parts) <= {note.part for note in bar.notes if note.step == 0}


@given(BRIEFS, st.integers(1, 12), st.integers(-6, 5), st.integers(40, 220), st.integers(0, 10_000))
@settings(max_examples=30)
def test_own_midi_file_is_read_note_for_note(tmp_path_factory, brief, count, key, bpm, seed):
    bars = [bar for bar in compose(brief, count, Random(seed)) if heard(bar)] or [
        Bar("A0", (Note("M", 0, 72, 4),))
    ]
    data, playing = written(brief, bars, key, float(bpm), seed)
    path = tmp_path_factory.mktemp("midi") / "own.mid"
    path.write_bytes(data)
    found = read_continuation(path)
    assert (found.key, found.mode, found.steps) == (key, brief.mode, brief.steps)
    assert found.bpm == pytest.approx(bpm, rel=1e-4)
    assert (found.style, found.mood) == (brief.style, brief.mood)
    if brief.style in SWING and any(note.step % 4 for bar in bars for note in bar.notes):
        assert found.swing in (0.0, playing.swing)
    if found.swing == playing.swing:
        assert [heard(bar) for bar in found.bars] == [heard(bar) for bar in bars]


def save(tmp_path, data):
    path = tmp_path / "given.mid"
    path.write_bytes(data)
    return path


def test_foreign_midi_file_is_analyzed_for_key_melody_harmony_and_bass(tmp_path):
    """A cadence in G major for one piano, as format 0: chords below, a tune above."""
    events = []
    for root, third, fifth, tune in (
        (43, 59, 62, 74),
        (48, 60, 64, 76),
        (50, 57, 66, 78),
        (43, 59, 62, 79),
    ):
        events += [(0, on(pitch)) for pitch in (root, third, fifth, tune)]
        events += [
            (1920 if number == 0 else 0, off(pitch))
            for number, pitch in enumerate((root, third, fifth, tune))
        ]
    found = read_continuation(save(tmp_path, midi(track(*events), kind=0)))
    assert (found.mode, found.key, found.parts, len(found.bars)) == ("major", -5, "BHM", 4)
    tops = [next(note.pitch for note in bar.notes if note.part == "M") for bar in found.bars]
    assert [(pitch + found.key) % 12 for pitch in tops] == [74 % 12, 76 % 12, 78 % 12, 79 % 12]
    chords = [
        next((note.pitch, note.label) for note in bar.notes if note.part == "C")
        for bar in found.bars
    ]
    assert [root for root, _quality in chords] == [0, 5, 7, 0]


def test_unsupported_meters_and_distant_notes_are_refused(tmp_path):

    five = midi(track((0, b"\xff\x58\x04\x05\x02\x18\x08"), (0, on(60)), (10, off(60))))
    with pytest.raises(StudioError, match="is in 5/4"):
        read_continuation(save(tmp_path, five))
    far = midi(track((0, on(60)), (10, off(60)), (0x0FFFFFFF, on(60)), (10, off(60))))
    with pytest.raises(StudioError, match=r"last \d+ minutes"):
        read_continuation(save(tmp_path, far))


def tempo_changes(bpm_by_beat, end=480):
    """A track of a note a beat, each with a tempo of its own."""
    return midi(
        track(
            *[
                e
                for bpm in bpm_by_beat
                for e in ((0, tempo(round(6e7 / bpm))), (0, on(72)), (end, off(72)))
            ]
        )
    )


@pytest.mark.parametrize(
    ("bpm_by_beat", "expected"),
    [
        ([100] * 15 + [12], 100),  # a fermata
        ([500] + [90] * 15, 90),  # a pick-up
        ([120] * 8 + [100, 80, 60, 40], 120),  # a ritardando
        ([118, 121, 119, 122, 120, 117, 123, 120], 120),  # played by hand
        ([60] * 6 + [140] * 10, 140),  # a slow introduction
    ],
)
def test_tempo_is_read_from_the_middle_of_the_piece(tmp_path, bpm_by_beat, expected):
    assert abs(read_continuation(save(tmp_path, tempo_changes(bpm_by_beat))).bpm - expected) <= 1


def test_tempo_outside_the_notes_is_ignored(tmp_path):
    before = [(0, tempo(250_000)), (48_000, tempo(600_000))]
    notes = [(0, on(72)), (480, off(72))] * 4
    assert (
        round(
            read_continuation(
                save(
                    tmp_path,
                    midi(track(*before, *notes, (0, tempo(3_000_000)), (96_000, tempo(1)))),
                )
            ).bpm
        )
        == 100
    )


def test_extreme_tempo_is_refused(tmp_path):
    for bpm in (12, 600):
        with pytest.raises(
            StudioError, match=f"has a tempo of {bpm} beats per minute. 20 to 400 are possible"
        ):
            read_continuation(save(tmp_path, tempo_changes([bpm] * 8)))


def test_meter_of_the_file_decides_between_waltz_and_others(tmp_path):
    three = read_continuation(
        save(
            tmp_path, midi(track((0, b"\xff\x58\x04\x03\x02\x18\x08"), (0, on(72)), (480, off(72))))
        )
    )
    four = read_continuation(save(tmp_path, midi(track((0, on(72)), (480, off(72))))))
    assert merge(music_words.read("jazz"), three).brief.style == "waltz"
    assert merge(music_words.read("a waltz"), four).brief.style == "classical"


def test_file_decides_key_and_tempo_and_the_prompt_the_rest(tmp_path):
    brief = Brief(style="ballad", mood="calm", mode="minor", parts="HM")
    data, _playing = written(brief, compose(brief, 4, Random(1)), key=2, bpm=70)
    given_file = read_continuation(save(tmp_path, data))
    wish = merge(
        music_words.read("happy jazz in F major at 200 bpm with drums and a flute"), given_file
    )
    assert (wish.key, wish.brief.mode, round(wish.bpm)) == (2, "minor", 70)
    assert (wish.brief.style, wish.brief.mood, wish.brief.parts) == ("jazz", "happy", "DHM")
    assert wish.instruments["M"] == "flute"
    plain = merge(music_words.read("more of it"), given_file)
    assert (plain.brief.style, plain.brief.mood, plain.brief.parts) == ("ballad", "calm", "HM")


def test_lead_in_has_the_last_bars_and_aligned_phrases(tmp_path):
    brief = Brief(style="pop", parts="DBHM")
    data, _playing = written(brief, compose(brief, 24, Random(3)))
    given_file = read_continuation(save(tmp_path, data))
    tokens = [vocabulary().tokens[token] for token in lead_in(brief, given_file, 6)]
    lefts = [token for token in tokens if token.startswith("left:")]
    sections = [token[-1] for token in tokens if token.startswith("section:")]
    assert lefts == [f"left:{min(16, 6 + number)}" for number in range(8, 0, -1)]
    assert sections == ["2", "3", "0", "1", "2", "3", "0", "1"]
    assert "<end>" not in tokens


# Sound
# ----------------------------------------------------------------------


@pytest.mark.parametrize("name", instruments())
def test_every_instrument_is_audible_over_its_range_without_clicks(name):
    for pitch in (28, 60, 93):
        sound = tone(instruments()[name], pitch, 0.3)
        assert sound.shape == (round(0.3 * RATE), 2)
        assert np.isfinite(sound).all()
        assert 0.02 < np.abs(sound).max() < 3
        assert np.abs(sound[0]).max() < 0.05


@pytest.mark.parametrize("letter", "KSPXTHORAC")
def test_every_drum_is_audible_and_fades(letter):
    sound = drum(letter)
    assert np.abs(sound).max() > 0.02
    assert np.abs(sound[-200:]).max() < 0.1


@given(BRIEFS, st.floats(0.5, 3.0), st.integers(0, 1000))
@settings(max_examples=6)
def test_mixed_piece_has_the_requested_length_and_level(brief, seconds, seed):
    bars = compose(brief, 2, Random(seed))
    _data, playing = written(brief, bars)
    mixer = Mixer(playing, seconds)
    for number, bar in enumerate(bars):
        mixer.add(play(bar, number, playing))
    sound = mixer.finish(seconds)
    assert sound.shape == (max(1, round(seconds * RATE)), 2)
    assert np.abs(sound).max() <= 0.951
    assert abs(float(sound.mean())) < 0.01
    assert np.abs(sound[-1]).max() < 1e-3, "it ends in nothing"


def test_early_cancel_mixes_existing_bars_only():
    """Mixing the silence to come took longer than the three seconds after which a cancelled child
    is killed.
    """
    brief = Brief(style="rock", parts="DBHM")
    bars = compose(brief, 1, Random(1))
    _data, playing = written(brief, bars)
    sounds, roomed = [], []
    for planned in (5.0, 300.0):
        mixer = Mixer(playing, planned)
        mixer.add(play(bars[0], 0, playing))
        sounds.append(mixer.finish(5.0))
        roomed.append(mixer._reverbed)
    assert roomed[0] == roomed[1]
    assert np.allclose(*sounds, atol=1e-5)


def test_drum_stroke_has_one_drum_and_one_cymbal():
    assert drums("HKSCO") == "KSC"
    assert drums("") == ""


# Words
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("calm piano in D minor", "calm ballad, D minor, 66 bpm, piano"),
        (
            "happy jazz with saxophone",
            "happy jazz, C major, 112 bpm, saxophone, piano, upright bass, drums",
        ),
        ("fast chiptune in A minor", "chiptune, A minor, 150 bpm, square, synth bass, drums"),
        ("欢快的中国风 古筝和竹笛", "happy chinese, C major, 84 bpm, bamboo flute, guzheng"),
        ("sad violin waltz", "sad waltz, C minor, 90 bpm, violin, strings, cello"),
        ("rock at 133 bpm without drums", "rock, C minor, 133 bpm, electric guitar, bass"),
        ("降B大调的钢琴曲", "ballad, B flat major, 66 bpm, piano"),
    ],
)
def test_prompt_words_set_style_mood_and_instruments(prompt, wanted):
    assert describe(music_words.read(prompt)) == wanted
    assert describe_for_user(music_words.read(prompt)) == wanted


def test_descriptions_are_translated_for_the_user_but_not_for_recipes():
    parsed = music_words.read("降B大调的欢快钢琴爵士乐")
    use_language("zh_CN")
    try:
        assert describe_for_user(parsed) == "欢快爵士，降B大调，112 bpm，钢琴，鼓"
        assert music_words.advise("", parsed).startswith("理解为：欢快爵士，")
        assert describe(parsed) == "happy jazz, B flat major, 112 bpm, piano, drums"
    finally:
        use_language("en")


def test_every_word_of_a_description_can_be_translated():
    words = {*STYLES, *MOODS, *MODES, *(name.replace("_", " ") for name in instruments()), "drums"}
    assert words - {"neutral"} == set(NAMES)


@given(st.text(max_size=300))
def test_any_prompt_is_parsed(prompt):
    wish = music_words.read(prompt)
    assert -6 <= wish.key <= 5
    assert 40 <= wish.bpm <= 220
    assert wish.brief.parts in PART_SETS
    assert set(wish.instruments.values()) <= instruments().keys()
    vocabulary().encode(wish.brief.tokens())
    assert len(music_words.advise(prompt)) < 600


def test_unknown_word_is_replaced_by_the_nearest_and_reported():
    wish = music_words.read("music for a nightmare with a bassist")
    assert wish.nearest == {"nightmare": "scary", "bassist": "bass"}
    assert (wish.brief.mood, "B" in wish.brief.parts, wish.unknown) == ("tense", True, ())
    assert "Taken as: nightmare as scary, bassist as bass." in music_words.advise(
        "music for a nightmare with a bassist"
    )
    assert music_words.read("a happy nightmare").brief.mood == "happy", "known words come first"
    near = music_words._near()
    assert set(near.values()) <= music_words.replacement_words()
    assert not near.keys() & music_words.known_words()


def test_unrecognized_words_are_reported():
    told = music_words.advise("qwrtz piano xyzzy")
    assert 'Not understood: "qwrtz", "xyzzy"' in told
    assert "Not understood" not in music_words.advise("a calm piece for piano, please")
