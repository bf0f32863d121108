"""Splits a text into utterances: sentences as they are written, with the pieces to speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from studio import speech_text
from studio.core.requests.prompt_syntax.pronunciations import Pronunciations
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.sentences import SENTENCE_PAUSE, Piece, sentences_of
from studio.speech_text.reading import in_words

NO_PRONUNCIATIONS = Pronunciations()
_NAME = re.compile(r"[ \t]*([^\W\d_][^:：\n]{0,39}?)[ \t]*[:：][ \t]*")


@dataclass(frozen=True)
class Utterance:
    """A sentence as it is written, and the pieces that speak it; without text a pause."""

    text: str
    pieces: tuple[Piece, ...]
    voice: str = ""
    """The voice of its speaker; empty for that of the request."""

    @property
    def reading(self) -> str:
        """The words that are spoken."""
        return " ".join(piece.text for piece in self.pieces if piece.text)


@dataclass(frozen=True)
class Reading:
    """How a text is read: by which model and voices, in which words."""

    pipeline: SpeechModel
    languages: Collection[str]
    default: str = ""
    """The language of sentences without letters; empty for that of the text."""
    pronunciations: Pronunciations = NO_PRONUNCIATIONS
    speakers: Mapping[str, str] | None = None
    """Name before a colon, in small letters → voice."""

    def utterances(self, text: str) -> list[Utterance]:
        """Return the utterances of a text in order; their pieces hold all its words."""
        found: list[Utterance] = []
        before = ""
        for voice, turn in turns(text, self.speakers or {}):
            if found and voice != found[-1].voice:
                _replace_last(found, _with_sentence_pause)
            for passage in speech_text.passages(turn):
                words = self.words(passage.text)
                if words.strip():
                    words = self.pipeline.continue_text(words, before) if before else words
                    before = words
                    pieces = [self._with_phonemes(piece) for piece in self.pipeline.pieces(words)]
                    found += self._grouped(passage.text, pieces, voice) if pieces else ()
                if passage.silence:
                    _add_silence(found, passage.silence, voice)
        return found

    def words(self, text: str) -> str:
        """Return a passage in words, with private characters for the person's phonemes."""
        return in_words(
            text,
            self.languages,
            self.default,
            self.pronunciations,
            phonemes=self.pipeline.reads_phonemes,
            marks=self.pipeline.marks,
        )

    def _with_phonemes(self, piece: Piece) -> Piece:
        text = self.pronunciations.with_phonemes(piece.text, lambda symbols: f"[[{symbols}]]")
        return Piece(text, piece.pause, piece.silence)

    def _grouped(self, text: str, pieces: list[Piece], voice: str) -> Iterator[Utterance]:
        """Yield the written sentences of a passage with their pieces.

        Both are matched by their letters: a group ends where a written sentence in words and the
        pieces so far have the same ones. What never matches again stays one utterance.
        """
        written = sentences_of(text)
        if len(written) < 2:
            yield Utterance(_joined(written), tuple(pieces), voice)
            return
        group: list[str] = []
        parts: list[Piece] = []
        left, right = "", ""
        sentences, rest = iter(written), iter(pieces)
        while True:
            if len(left) <= len(right):
                sentence = next(sentences, None)
                if sentence is None:
                    break
                group.append(sentence)
                left += _letters(self._with_phonemes(Piece(self.words(sentence), 0)).text)
            else:
                piece = next(rest, None)
                if piece is None:
                    break
                parts.append(piece)
                right += _letters(piece.text)
            if parts and left and left == right:
                yield Utterance(_joined(group), tuple(parts), voice)
                group, parts, left, right = [], [], "", ""
        group += sentences
        parts += rest
        if group or parts:
            yield Utterance(_joined(group), tuple(parts), voice)


def turns(text: str, speakers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (voice, words) of the speakers' turns, without the names; a voice may be empty.

    A turn begins with a line such as `Anna: Hello.` and ends at an empty line or the next turn.
    """
    if not speakers:
        yield "", text
        return
    voice, lines = "", list[str]()
    for line in text.splitlines(keepends=True):
        match = _NAME.match(line)
        named = speakers.get(match[1].casefold()) if match else None
        if named is None and (line.strip() or not voice):
            lines.append(line)
            continue
        if lines:
            yield voice, "".join(lines)
        voice = named or ""
        lines = [line[match.end() :] if match and named is not None else line]
    if lines:
        yield voice, "".join(lines)


def _joined(sentences: list[str]) -> str:
    return " ".join(" ".join(sentences).split())


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _add_silence(found: list[Utterance], seconds: float, voice: str) -> None:
    if found:
        _replace_last(found, lambda piece: Piece(piece.text, 0.0, piece.silence + seconds))
    else:
        found.append(Utterance("", (Piece("", 0.0, seconds),), voice))


def _with_sentence_pause(piece: Piece) -> Piece:
    return Piece(piece.text, max(piece.pause, SENTENCE_PAUSE), piece.silence)


def _replace_last(found: list[Utterance], change: Callable[[Piece], Piece]) -> None:
    *first, last = found[-1].pieces
    found[-1] = Utterance(found[-1].text, (*first, change(last)), found[-1].voice)
