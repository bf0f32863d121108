"""A rule-based composer of training pieces: four-bar phrases in song form, no existing music."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from random import Random

import msgspec

from studio.symbolic_music.events import (
    LENGTHS,
    MODES,
    MOODS,
    RANGES,
    STYLES,
    Bar,
    Brief,
    Note,
    drums,
)
from tools.starter_models.music.chords import Chord, bar_chords, parse, voicing, with_seventh
from tools.starter_models.music.melody import Motif, Singer
from tools.starter_models.music.rhythms import BASSES, FILLS, GROOVES, TEXTURES

_MINOR = {
    "sad": 0.85,
    "tense": 0.9,
    "happy": 0.1,
    "energetic": 0.45,
    "calm": 0.35,
    "dreamy": 0.35,
    "neutral": 0.4,
}
_FORMS = {
    1: ("A", "A"),
    2: ("AA", "AB"),
    3: ("AAB", "ABA", "AAB"),
    4: ("AABA", "ABAB", "AABC"),
    5: ("AABBA", "ABABA", "ABACA"),
}


class Style(msgspec.Struct, frozen=True):
    """A table of `styles.toml`."""

    major: tuple[str, ...]
    minor: tuple[str, ...]
    textures: tuple[str, ...]
    basses: tuple[str, ...]
    drums: tuple[str, ...]
    parts: tuple[str, ...]
    leads: tuple[str, ...]
    tempi: tuple[str, ...]
    sevenths: float
    rhythms: tuple[str, ...]
    pentatonic: float = 0.1


@functools.cache
def styles() -> dict[str, Style]:
    """Return name → style."""
    text = (Path(__file__).parent / "styles.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Style])


def draw_brief(random: Random) -> Brief:
    """Draw what to write."""
    name = random.choice(STYLES)
    style, mood = styles()[name], random.choice(MOODS)
    mode = MODES[random.random() < _MINOR[mood]]
    parts = random.choice(style.parts)
    if random.random() < 0.15:
        parts = random.choice(("M", "HM", "BHM", "BH", "H", "BHMD", "HMD", "BD", "D"))
    tempo = random.choice(style.tempi if random.random() < 0.8 else ("slow", "medium", "fast"))
    lead = random.choice(
        style.leads
        if random.random() < 0.7
        else ("keys", "pluck", "strings", "bell", "synth", "wind")
    )
    ordered = "".join(part for part in "DBHM" if part in parts)
    return Brief(style=name, mood=mood, mode=mode, tempo=tempo, lead=lead, parts=ordered)


def compose(brief: Brief, count: int, random: Random) -> list[Bar]:
    """Return a piece of `count` bars: maybe an introduction, phrases, and an end."""
    return _Piece(brief, random).write(count)


class _Theme:
    """What bars of the same letter share."""

    def __init__(self, progression: list[list[tuple[int, Chord]]], motifs: list[Motif]) -> None:
        self.progression = progression
        self.motifs = motifs
        self.sung: dict[int, list[Note]] = {}


class _Piece:
    def __init__(self, brief: Brief, random: Random) -> None:
        self._brief, self._random = brief, random
        self._style = styles()[brief.style]
        style = self._style
        rhythms = [tuple(map(int, text.split())) for text in style.rhythms]
        pentatonic = random.random() < style.pentatonic
        self._singer = Singer(
            random, brief.mode, brief.mood, brief.lead, rhythms, pentatonic=pentatonic
        )
        self._texture = random.choice(style.textures)
        self._bass = random.choice(style.basses)
        self._groove = random.choice(style.drums or tuple(GROOVES))
        self._themes: dict[str, _Theme] = {}
        self._voices: tuple[int, ...] = ()

    def write(self, count: int) -> list[Bar]:
        introduction = count % 4 if count > 4 else 0
        phrases = (count - introduction) // 4
        form = self._form(phrases)
        first = 4 - count if count < 4 else 0
        names = [f"I{4 - introduction + number}" for number in range(introduction)]
        names += (
            [f"{letter}{number}" for letter in form for number in range(4)]
            if count >= 4
            else [f"A{n}" for n in range(first, 4)]
        )
        return [self._bar(name, names[number + 1 :]) for number, name in enumerate(names)]

    def _form(self, phrases: int) -> str:
        form = self._random.choice(_FORMS[min(5, max(1, phrases))])
        while len(form) < phrases:
            form += self._random.choice(("AB", "BA", "CA", "AA"))
        return form[:phrases]

    def _theme(self, letter: str) -> _Theme:
        if letter not in self._themes:
            style, random = self._style, self._random
            text = random.choice(
                style.major if self._brief.mode == "major" else style.minor
            ).split()
            sevenths = style.sevenths + 0.25 * (self._brief.mood == "dreamy")
            progression = [
                bar_chords(bar, self._brief.mode, sevenths, self._brief.steps, random)
                for bar in text
            ]
            first, second = self._singer.motif(), self._singer.motif()
            self._themes[letter] = _Theme(
                progression, random.choice(([first, first, second], [first, second, first]))
            )
        return self._themes[letter]

    def _bar(self, name: str, rest: list[str]) -> Bar:
        number, last = int(name[1]), not rest
        theme = self._theme(name[0] if name[0] != "I" else "A")
        chords = self._chords(theme, number, last, len(rest))
        notes = [Note("C", step, chord.root, 0, chord.quality) for step, chord in chords]
        parts = self._brief.parts
        if "M" in parts and (name[0] != "I" or parts == "M"):
            notes += self._melody(theme, number, chords, last)
        if "H" in parts:
            notes += self._harmony(chords, last)
        if "B" in parts:
            upcoming = (
                self._theme(rest[0][0] if rest[0][0] != "I" else "A").progression[int(rest[0][1])][
                    0
                ][1]
                if rest
                else chords[0][1]
            )
            notes += self._bass_line(chords, last, upcoming)
        if "D" in parts:
            notes += self._beat(name, last)
        return Bar(name, tuple(notes))

    def _chords(self, theme: _Theme, number: int, last: bool, left: int) -> list[tuple[int, Chord]]:
        mode = self._brief.mode
        if last:
            home = parse("I" if mode == "major" else "i", mode)
            return [(0, with_seventh(home, mode) if self._style.sevenths >= 0.8 else home)]
        if left == 1:
            if self._brief.style in ("rock", "cinematic", "ambient") and mode == "minor":
                return [(0, parse("VII", mode))]
            return [
                (
                    0,
                    parse(
                        "V7"
                        if self._style.sevenths or self._brief.style in ("classical", "waltz")
                        else "V",
                        mode,
                    ),
                )
            ]
        return theme.progression[number]

    def _melody(
        self, theme: _Theme, number: int, chords: list[tuple[int, Chord]], last: bool
    ) -> list[Note]:
        if number == 3 or last:
            if not last and number in theme.sung and self._random.random() < 0.6:
                return theme.sung[number]
            theme.sung[number] = self._singer.cadence(chords, self._brief.steps, final=last)
            return theme.sung[number]
        chords_as_before = chords == theme.progression[number]
        if number not in theme.sung or not chords_as_before or self._random.random() < 0.12:
            theme.sung[number] = self._singer.sing(theme.motifs[number], chords)
        return theme.sung[number]

    def _harmony(self, chords: list[tuple[int, Chord]], last: bool) -> list[Note]:
        notes, pattern = [], TEXTURES["block" if last else self._texture]
        centre = 62 if "B" in self._brief.parts else 58
        for number, (begin, chord) in enumerate(chords):
            end = chords[number + 1][0] if number + 1 < len(chords) else self._brief.steps
            self._voices = voicing(chord, self._voices[:3], centre)
            strokes = [
                (max(step, begin), length, which)
                for step, length, which in pattern
                if begin <= step < end or (length > 8 and step < end)
            ]
            for step, length, which in strokes:
                notes += [
                    Note("H", step, pitch, _fit(min(length, end - step)))
                    for pitch in self._picked(which)
                ]
        return notes

    def _picked(self, which: str) -> list[int]:
        voices = [*self._voices[:3], self._voices[0] + 12]
        if which == "all":
            return list(self._voices)
        return sorted({pitch for digit in which if (pitch := voices[int(digit)]) <= RANGES["H"][1]})

    def _bass_line(
        self, chords: list[tuple[int, Chord]], last: bool, upcoming: Chord
    ) -> list[Note]:
        notes, pattern = [], BASSES["whole" if last else self._bass]
        for number, (begin, chord) in enumerate(chords):
            end = chords[number + 1][0] if number + 1 < len(chords) else self._brief.steps
            following = chords[number + 1][1] if number + 1 < len(chords) else upcoming
            inside = [stroke for stroke in pattern if begin <= stroke[0] < end] or [
                (begin, 16, "1")
            ]
            for step, length, which in inside:
                pitch = _bass_pitch(
                    "1" if step == begin and self._bass != "bossa" else which, chord, following
                )
                notes.append(Note("B", step, pitch, _fit(min(length, end - step))))
        return notes

    def _beat(self, name: str, last: bool) -> list[Note]:
        if last:
            return [Note("D", 0, 0, 0, drums("KC"))]
        rows = list(GROOVES[self._groove])
        if name[1] == "3" and self._brief.steps == 16 and self._random.random() < 0.35:
            rows[8:] = self._random.choice(FILLS)
        if name[1] == "0" and name[0] != "I" and self._brief.mood not in ("calm", "sad", "dreamy"):
            rows[0] += "C"
        quiet = {"calm", "dreamy"} if self._groove not in ("swing", "waltz") else set()
        if self._brief.mood in quiet:
            rows = [
                row.replace("O", "H") if step % 4 == 0 or "H" not in row else row.replace("H", "")
                for step, row in enumerate(rows)
            ]
        found = ((step, drums(row)) for step, row in enumerate(rows[: self._brief.steps]))
        return [Note("D", step, 0, 0, hits) for step, hits in found if hits]


def _fit(length: int) -> int:
    """Return the longest length that can be written and is not longer."""
    return max(size for size in LENGTHS if size <= length)


def _bass_pitch(which: str, chord: Chord, following: Chord) -> int:
    low, high = RANGES["B"]
    root = low + (chord.root - low) % 12
    root += 12 if root < 31 else 0
    if which == "a":
        aim = low + (following.root - low) % 12
        aim += 12 if aim < 31 else 0
        third = root + (chord.pitches[1] - chord.root) % 12
        near = [
            pitch
            for pitch in (aim + 2, aim - 1, aim - 2, aim + 1, third)
            if pitch % 12 in {*chord.pitches, 0, 2, 5, 7}
        ]
        return min(high, max(low, near[0] if near else root))
    up = {
        "1": 0,
        "8": 12,
        "3": (chord.pitches[1] - chord.root) % 12,
        "5": (chord.pitches[2] - chord.root) % 12,
    }[which]
    pitch = root + up
    return pitch if pitch <= high else pitch - 12
