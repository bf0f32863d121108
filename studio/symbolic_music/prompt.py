"""Reads a prompt for the symbolic model: style, mood, tempo, key, instruments and parts.

The words are listed in `resources/words/music.toml`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Sequence

import msgspec

from studio.core.resources import resources
from studio.core.translation import tr
from studio.symbolic_music.description import describe_for_user
from studio.symbolic_music.events import PARTS, Brief
from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.types import MusicPrompt

_HAN = re.compile(r"[\u3400-\u9fff]")
_NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_KEY = re.compile(
    r"(?<![a-z])(?P<sign_before>升|降)?(?P<name>[a-h])\s?(?P<sign>#|♯|b(?![a-z])|♭|[-\s]?sharp|"
    r"[-\s]?flat)?"
    r"\s?-?(?P<mode>major|minor|maj(?![a-z])|min(?![a-z])|m(?![a-z])|大调|大調|小调|小調)"
)
_IN_KEY = re.compile(
    r"\b(?:in|key of)\s+(?P<name>[a-h])(?P<sign>#|♯|b(?![a-z])|♭|[-\s]sharp|[-\s]flat)?"
    r"(?=\s*(?:$|[,.;:!?，。]|bpm|\d))"
)
_BPM = re.compile(r"(\d{2,3})\s*(?:bpm|beats per minute|拍)")
_SLOWEST, _FASTEST = 40, 220
_MAX_CHARACTERS = 2_000
"""The rest of a prompt is ignored."""
_MODES = {
    "calm": "major",
    "happy": "major",
    "sad": "minor",
    "tense": "minor",
    "energetic": "",
    "dreamy": "major",
}
_TEMPI = {
    "calm": "slow",
    "sad": "slow",
    "energetic": "fast",
    "happy": "",
    "tense": "",
    "dreamy": "slow",
}


class _Band(msgspec.Struct, frozen=True):
    instruments: tuple[str, str, str]
    """Melody, harmony, bass."""
    bpm: tuple[int, int, int]
    """Slow, medium, fast."""


class _Words(msgspec.Struct, frozen=True):
    """The tables of `music.toml`."""

    style: dict[str, tuple[str, ...]]
    mood: dict[str, tuple[str, ...]]
    tempo: dict[str, tuple[str, ...]]
    instrument: dict[str, tuple[str, ...]]
    part: dict[str, tuple[str, ...]]
    mode: dict[str, tuple[str, ...]]
    without: dict[str, tuple[str, ...]]
    only: dict[str, tuple[str, ...]]
    plain: dict[str, tuple[str, ...]]
    band: dict[str, _Band]
    usual: dict[str, tuple[str, str, str]]


@functools.cache
def _words() -> _Words:
    text = (resources() / "words" / "music.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Words)


def replacement_words() -> frozenset[str]:
    """Return the words that may replace unknown ones: all but "no", "only" and the like."""
    words = _words()
    return known_words() - {*words.without["words"], *words.only["words"]}


@functools.cache
def known_words() -> frozenset[str]:
    """Return every word of the tables."""
    return frozenset(word for table in _tables() for names in table.values() for word in names)


def _tables() -> tuple[dict[str, tuple[str, ...]], ...]:
    words = _words()
    names = (words.style, words.mood, words.tempo, words.instrument, words.part, words.mode)
    return (*names, words.without, words.only, words.plain)


@functools.cache
def _near() -> dict[str, str]:
    """Return word → nearest word of the tables, as `tools.starter_models.music.nearness` writes."""
    lines = (resources() / "words" / "music-near.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def read(prompt: str) -> MusicPrompt:
    """Return what the prompt asks for, with the style's defaults for what it leaves open.

    The nearest word of the tables replaces a word that is in none of them, if one is near enough.
    """
    text = prompt[:_MAX_CHARACTERS].lower()
    unknown = _unknown(_BPM.sub(" ", _read_key(text)[2]))
    near = {word: _near()[word] for word in unknown if word in _near()}
    nearest = {word: known for word, known in near.items() if known not in _words().plain["words"]}
    # at the end of the text, so that its own words have priority
    parsed = _read(", ".join((text, *dict.fromkeys(nearest.values()))))
    return parsed._replace(
        unknown=tuple(word for word in unknown if word not in near), nearest=nearest
    )


def _read(text: str) -> MusicPrompt:
    words = _words()
    key, mode, rest = _read_key(text)
    bpm = int(match[1]) if (match := _BPM.search(rest)) else 0
    rest = _BPM.sub(" ", rest)
    instruments_named = _named(rest, words.instrument)
    parts = _named(rest, words.part)
    styles, moods = _named(rest, words.style), _named(rest, words.mood)
    style = next(iter(styles), "") or _style_of(instruments_named)
    mood = next(iter(moods), "neutral")
    usual_mode, usual_tempo, usual_parts = words.usual[style]
    mode = mode or next(iter(_named(rest, words.mode)), "") or _MODES.get(mood, "") or usual_mode
    tempo = (
        (tempo_of(bpm, style) if bpm else "")
        or next(iter(_named(_without(rest, words.style, words.mood), words.tempo)), "")
        or _TEMPI.get(mood, "")
        or usual_tempo
    )
    band = words.band[style]
    players = _players(band, list(instruments_named))
    excluded = "".join(
        part
        for part, names in words.part.items()
        if any(_is_excluded(rest, name) for name in names)
    )
    brief = Brief(
        style=style,
        mood=mood,
        mode=mode,
        tempo=tempo,
        lead=instruments()[players["M"]].family,
        parts=_parts(rest, usual_parts, list(parts), list(instruments_named), excluded),
    )
    speed = (
        min(_FASTEST, max(_SLOWEST, bpm))
        if bpm
        else band.bpm[("slow", "medium", "fast").index(tempo)]
    )
    categories = (("style", styles), ("mood", moods), ("instrument", instruments_named))
    return MusicPrompt(
        brief=brief,
        key=key,
        bpm=float(speed),
        exact_bpm=bool(bpm),
        instruments=players,
        unknown=(),
        nearest={},
        named=frozenset(category for category, entries in categories if entries),
        named_parts="".join(parts),
        excluded_parts=excluded,
    )


def _read_key(text: str) -> tuple[int, str, str]:
    """Return the tonic, the mode ("" if the text names none) and the text without them."""
    match = _KEY.search(text) or _IN_KEY.search(text)
    if not match:
        return 0, "", text
    parts = match.groupdict()
    sign = f"{parts.get('sign_before') or ''}{parts.get('sign') or ''}"
    shift = 1 if re.search("#|♯|sharp|升", sign) else -1 if re.search("b|♭|flat|降", sign) else 0
    mode = parts.get("mode") or ""
    minor = mode in ("m", "minor", "min", "小调", "小調")
    tonic = (_NAMES[parts["name"]] + shift + 6) % 12 - 6
    return (
        tonic,
        ("minor" if minor else "major") if mode else "",
        text[: match.start()] + " " + text[match.end() :],
    )


def _find(text: str, word: str) -> int:
    """Return the index of the word; −1 if it is missing, or only follows a word for `without`."""
    if word not in text:
        return -1
    if _HAN.search(word):
        at = text.find(word)
        negated = at > 0 and any(text[:at].endswith(no) for no in _words().without["words"])
        return -1 if negated else at
    for match in re.finditer(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text):
        before = re.findall(r"[a-z]+", text[: match.start()])[-1:]
        if not before or before[0] not in _words().without["words"]:
            return match.start()
    return -1


def _named(text: str, table: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Return entry → index of its first word in the text, in that order.

    A word inside a longer known one doesn't count.
    """
    taken: list[tuple[int, int]] = []
    places: dict[str, int] = {}
    known = sorted(
        ((word, name) for name, words in table.items() for word in words),
        key=lambda pair: -len(pair[0]),
    )
    for word, name in known:
        at = _find(text, word)
        if at < 0 or any(begin <= at < end for begin, end in taken):
            continue
        taken.append((at, at + len(word)))
        places[name] = min(at, places.get(name, at))
    return dict(sorted(places.items(), key=lambda pair: pair[1]))


def _without(text: str, *tables: dict[str, tuple[str, ...]]) -> str:
    """Return the text without the tables' Chinese words: 欢快 (happy) contains 快 (fast)."""
    words = sorted(
        (
            word
            for table in tables
            for names in table.values()
            for word in names
            if _HAN.search(word)
        ),
        key=len,
    )
    return functools.reduce(lambda left, word: left.replace(word, " "), reversed(words), text)


def _style_of(named: Iterable[str]) -> str:
    """Return the usual style of the first instrument; "pop" without instruments."""
    usual = {
        "guzheng": "chinese",
        "erhu": "chinese",
        "bamboo_flute": "chinese",
        "music_box": "lullaby",
        "electric_guitar": "rock",
        "guitar": "folk",
        "harp": "lullaby",
        "strings": "cinematic",
        "violin": "classical",
        "cello": "cinematic",
        "square": "chiptune",
        "saw": "electronic",
        "pad": "ambient",
        "bells": "ambient",
        "saxophone": "jazz",
        "trumpet": "jazz",
        "electric_piano": "lofi",
        "organ": "classical",
        "flute": "classical",
        "clarinet": "classical",
        "vibraphone": "jazz",
        "piano": "ballad",
    }
    return next((usual[name] for name in named), "pop")


def tempo_of(bpm: float, style: str) -> str:
    """Return the nearest of the style's tempi: slow, medium or fast."""
    slow, medium, fast = _words().band[style].bpm
    return (
        "slow" if bpm < (slow + medium) / 2 else "medium" if bpm < (medium + fast) / 2 else "fast"
    )


def band_of(style: str) -> dict[str, str]:
    """Return part → instrument of the style's usual band."""
    return dict(zip("MHB", _words().band[style].instruments, strict=True))


def _players(band: _Band, named: list[str]) -> dict[str, str]:
    """Return part → instrument: the first one named has the melody, the second the harmony.

    A single keyboard or plucked instrument has both.
    """
    melody, harmony, bass = band.instruments
    if len(named) >= 2:
        # Winds and bowed strings have the melody; keys and plucked strings accompany.
        named = sorted(
            named[:2], key=lambda name: instruments()[name].family not in ("wind", "strings")
        )
        return {"M": named[0], "H": named[1], "B": bass}
    if named and instruments()[named[0]].family in ("keys", "pluck", "synth"):
        keys = named[0] in ("piano", "organ") and band.instruments[1] in (
            "piano",
            "strings",
            "harp",
        )
        return {"M": named[0], "H": named[0], "B": named[0] if keys else bass}
    return {"M": named[0] if named else melody, "H": harmony, "B": bass}


def _parts(text: str, usual: str, named: list[str], players: Sequence[str], excluded: str) -> str:
    """Return the parts that play: the usual and the named ones, without the excluded ones.

    `drums only` means the drums alone.
    """
    words = _words()
    alone = any(_find(text, word) >= 0 for word in words.only["words"])
    if alone and named and not players:
        return "".join(part for part in PARTS if part in named)
    parts = set(usual) | set(named)
    if alone and players:
        parts = (
            {"H", "M"} if instruments()[players[0]].family in ("keys", "pluck", "synth") else {"M"}
        )
    for part in excluded:
        parts -= {part} if len(parts) > 1 else set()
    return "".join(part for part in PARTS if part in parts)


def _is_excluded(text: str, word: str) -> bool:
    return word in text and any(
        re.search(rf"(?<![a-z]){no}\s*{re.escape(word)}", text) for no in _words().without["words"]
    )


def _unknown(text: str) -> tuple[str, ...]:
    """Return the words that are in no table; Chinese text is split at known words."""
    return tuple(dict.fromkeys(re.findall(r"[^\W\d_]{2,}", _known_pattern().sub(" ", text))))[:8]


@functools.cache
def _known_pattern() -> re.Pattern[str]:
    words = sorted(known_words(), key=len, reverse=True)
    latin, han = (
        "|".join(re.escape(word) for word in words if bool(_HAN.search(word)) == is_han)
        for is_han in (False, True)
    )
    return re.compile(rf"(?<![a-z0-9])(?:{latin})(?![a-z0-9])|{han}")


def advise(prompt: str, parsed: MusicPrompt | None = None) -> str:
    """Describe how the prompt is read, and which of its words the model doesn't know.

    `parsed`: the prompt with what a continuation adds; parsed here if it is None.
    """
    parsed = parsed or read(prompt)
    message = tr("Read as: {description}.", description=describe_for_user(parsed))
    if parsed.nearest:
        pairs = list(parsed.nearest.items())[:4]
        words = ", ".join(tr("{word} as {near}", word=word, near=near) for word, near in pairs)
        message += tr(" Taken as: {words}.", words=words)
    if parsed.unknown:
        unknown = ", ".join(f'"{word[:30]}"' for word in parsed.unknown[:4])
        message += tr(
            " Not understood: {unknown}. The model knows styles, moods, instruments, tempo "
            "and key: calm piano in D minor.",
            unknown=unknown,
        )
    return message
