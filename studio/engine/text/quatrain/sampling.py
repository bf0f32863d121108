"""Samples quatrains, character by character, among the characters that the form allows.

A group of attempts becomes one poem. An attempt's weight is the probability that the model gives to
what is allowed: attempts that run into a place where nothing allowed fits die out at the end of a
line, and the others continue twice (sequential importance resampling). The most probable attempt of
a group, by the model itself, is the poem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.engine.text.quatrain.model import QuatrainModel
from studio.engine.text.quatrain.prosody import LINES, may_double
from studio.text_tasks.model_prompts.quatrain import layout

GROUP = 16
"""Attempts for one poem."""
TOP_P = 0.95
_WORD_BOOST = 1.0
"""Added to the logits of characters of the subject that the poem has not yet."""
_COVERAGE = 0.6
"""Weight of the share of the subject's words in a poem against its mean log probability."""
_MOST_DOUBLES = 1
_TRIES = 8
"""Characters that are tried at a line's end, before a line that was learned is left as it is."""
Floats = NDArray[np.float32]


class Wanted(NamedTuple):
    """What a poem is to be."""

    form: str
    """A key of `layout.FORMS`."""
    title: str = ""
    words: tuple[str, ...] = ()


class Poem(NamedTuple):
    """A poem, and how good it is; its lines are without marks."""

    lines: tuple[str, ...]
    score: float

    @property
    def text(self) -> str:
        """The poem, one couplet a line."""
        first, second, third, fourth = self.lines
        return f"{first}，{second}。\n{third}，{fourth}。"


def write_poems(
    model: QuatrainModel,
    wanted: Wanted,
    count: int,
    seed: int,
    temperature: float,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Poem]:
    """Return `count` poems, the best first. `report` is called with each character."""
    writing = _Writing(model, wanted, count * GROUP, np.random.default_rng(seed), temperature)
    length = layout.FORMS[wanted.form][1]
    writing.begin()
    for line in range(LINES):
        for at in range(length):
            report(line * length + at, LINES * length)
            writing.add_character(line, at)
        writing.end_line(line)
    poems = [max(writing.poems(group), key=lambda poem: poem.score) for group in range(count)]
    return sorted(poems, key=lambda poem: -poem.score)


class _Writing:
    """Attempts in the making; arrays have one entry, or row, an attempt."""

    def __init__(
        self,
        model: QuatrainModel,
        wanted: Wanted,
        attempts: int,
        random: np.random.Generator,
        temperature: float,
    ) -> None:
        self._model = model
        self._wanted = wanted
        self._length = layout.FORMS[wanted.form][1]
        self._random = random
        self._temperature = max(temperature, 0.05)
        self._count = attempts
        self._cache: Any = None
        self._logs: Floats = np.zeros((attempts, 0), np.float32)
        """Log probabilities of the next token."""
        self._texts = np.zeros((attempts, LINES * self._length), np.int64)
        self._used = np.zeros((attempts, len(model.tokens)), np.bool_)
        self._doubles = np.zeros(attempts, np.int64)
        self._weights = np.zeros(attempts)
        self._scores = np.zeros(attempts)
        self._patterns = np.zeros(attempts, np.int64)
        self._rhymes = np.zeros(attempts, np.int64)
        boosted = [model.numbers[one] for one in {*"".join(wanted.words)} if one in model.numbers]
        self._boosted = np.zeros(len(model.tokens), np.bool_)
        self._boosted[boosted] = True

    def begin(self) -> None:
        """Read the subject; draw a pattern of tones and a rhyme for each attempt."""
        model, wanted = self._model, self._wanted
        subject = layout.subject_tokens(wanted.title, wanted.words)
        tokens = [layout.FORMS[wanted.form][0], *subject]
        numbers = [model.numbers.get(token, model.numbers[layout.EMPTY]) for token in tokens]
        self._read(np.tile(np.array(numbers), (self._count, 1)))
        self._patterns = self._draw_special(layout.PATTERNS, np.ones(len(layout.PATTERNS), bool))
        self._rhymes = self._draw_special(layout.RHYMES, model.prosody.usable_rhymes)

    def _draw_special(self, tokens: Sequence[str], usable: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Draw one of these tokens for each attempt; return their places in `tokens`."""
        numbers = np.array([self._model.numbers[token] for token in tokens])
        logs = np.where(usable, self._logs[:, numbers], -np.inf)
        drawn = np.array([self._draw(row, 1.0) for row in logs])
        self._read(numbers[drawn][:, None])
        return drawn

    def add_character(self, line: int, at: int) -> None:
        """Add a character to each attempt."""
        allowed = self._allowed(line, at)
        logs = np.where(allowed, self._logs, -np.inf)
        self._weights += np.logaddexp.reduce(logs, axis=1)
        boosted = logs + _WORD_BOOST * (self._boosted & ~self._used)
        place = line * self._length + at
        drawn = np.array([self._draw(row, self._temperature) for row in boosted])
        if at == self._length - 1:
            for attempt in range(self._count):
                drawn[attempt] = self._unlearned(attempt, place, boosted[attempt], drawn[attempt])
        rows = np.arange(self._count)
        self._scores += self._logs[rows, drawn]
        self._doubles += self._used[rows, drawn]
        self._texts[:, place] = drawn
        self._used[rows, drawn] = True
        self._read(drawn[:, None])

    def end_line(self, line: int) -> None:
        """Let the better attempts of each group go on, and read the mark after the line."""
        if line < LINES - 1:
            self._resample()
            mark = layout.COMMA if line % 2 == 0 else layout.STOP
            self._read(np.full((self._count, 1), self._model.numbers[mark]))

    def poems(self, group: int) -> list[Poem]:
        """Return the attempts of a group."""
        return [self._poem(group * GROUP + number) for number in range(GROUP)]

    def _poem(self, attempt: int) -> Poem:
        text = "".join(self._model.tokens[token] for token in self._texts[attempt])
        lines = tuple(text[at : at + self._length] for at in range(0, len(text), self._length))
        words = self._wanted.words
        covered = sum(bool({*word} & {*text}) for word in words) / max(1, len(words))
        return Poem(lines, float(self._scores[attempt]) / len(text) + _COVERAGE * covered)

    def _allowed(self, line: int, at: int) -> NDArray[np.bool_]:
        prosody, length = self._model.prosody, self._length
        kinds: dict[tuple[int, int], NDArray[np.bool_]] = {}
        masks = []
        for pattern, rhyme in zip(self._patterns.tolist(), self._rhymes.tolist(), strict=True):
            if (pattern, rhyme) not in kinds:
                kinds[pattern, rhyme] = prosody.allowed(
                    length, line, at, bool(pattern & 1), bool(pattern & 2), rhyme
                )
            masks.append(kinds[pattern, rhyme])
        mask = np.array(masks) & ~self._used
        if may_double(length, at):
            rows = np.nonzero(self._doubles < _MOST_DOUBLES)[0]
            before = self._texts[rows, line * length + at - 1]
            mask[rows, before] = np.array(masks)[rows, before] & ~self._boosted[before]
        return mask

    def _draw(self, logs: Floats, temperature: float) -> int:
        """Draw from the most probable tokens that together have `TOP_P`."""
        chances = np.exp((logs - logs.max()) / temperature)
        chances /= chances.sum()
        order = np.argsort(-chances)
        kept = order[: int(np.searchsorted(np.cumsum(chances[order]), TOP_P)) + 1]
        return int(self._random.choice(kept, p=chances[kept] / chances[kept].sum()))

    def _unlearned(self, attempt: int, place: int, logs: Floats, drawn: int) -> int:
        """Return a character that makes the line a new one."""
        start = place - self._length + 1
        before = "".join(self._model.tokens[token] for token in self._texts[attempt, start:place])
        logs = logs.copy()
        for _try in range(_TRIES):
            if before + self._model.tokens[drawn] not in self._model.known_lines:
                return drawn
            logs[drawn] = -np.inf
            if np.isneginf(logs).all():
                break
            drawn = self._draw(logs, self._temperature)
        self._scores[attempt] = -np.inf  # another attempt is taken
        return drawn

    def _resample(self) -> None:
        chosen = np.arange(self._count)
        for start in range(0, self._count, GROUP):
            weights = self._weights[start : start + GROUP]
            weights = np.where(np.isneginf(self._scores[start : start + GROUP]), -np.inf, weights)
            if np.isneginf(weights).all():
                continue
            chances = np.exp(weights - weights.max())
            points = (np.arange(GROUP) + self._random.random()) / GROUP
            places = np.searchsorted(np.cumsum(chances / chances.sum()), points)
            chosen[start : start + GROUP] = start + np.minimum(places, GROUP - 1)
        self._weights[:] = 0
        for name in ("_texts", "_used", "_doubles", "_scores", "_patterns", "_rhymes", "_logs"):
            setattr(self, name, getattr(self, name)[chosen])
        import torch

        self._cache.reorder_cache(torch.from_numpy(chosen))

    def _read(self, tokens: NDArray[np.int64]) -> None:
        """Let the model read tokens: attempts x tokens."""
        import torch

        model = self._model
        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(tokens), model.cache_name: self._cache}
            output = model.model(**inputs, use_cache=True, logits_to_keep=1)
            self._cache = output[model.cache_name]
            self._logs = torch.log_softmax(output.logits[:, -1].float(), dim=-1).numpy()
