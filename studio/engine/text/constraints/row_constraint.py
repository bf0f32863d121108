"""Keeps one row's answer within a grammar, token by token.

Thoughts are free: the grammar holds from the first token of the answer. Where a model may think
before it answers, the mark that opens its thoughts is allowed as well.
"""

from __future__ import annotations

import numpy as np

from studio.engine.text.constraints.vocabulary import Mask, Vocabulary
from studio.engine.text.thoughts import Splitter

_MAX_BLANKS = 2
"""Tokens of white space between thoughts and answer."""


class RowConstraint:
    """What may come next in one row.

    `splitter`: the row's; `begin`: the beginning of the answer that is part of the prompt.
    """

    def __init__(
        self, vocabulary: Vocabulary, grammar: str, splitter: Splitter, begin: str = ""
    ) -> None:
        from llguidance import LLMatcher

        self._vocabulary = vocabulary
        self._matcher = LLMatcher(vocabulary.tokens, grammar, log_level=0)
        self._splitter = splitter
        self._begin = begin
        self._restart()

    @property
    def fits(self) -> bool:
        """False if no answer with this beginning matches the grammar."""
        return bool(self._fits)

    @property
    def complete(self) -> bool:
        """True if the answer matches and nothing can follow."""
        return not self._thinks() and not self._apart and bool(self._matcher.is_stopped())

    def matches(self, answer: str) -> bool:
        """Return whether a whole text, with its beginning, matches the grammar."""
        matcher = self._matcher.deep_copy()
        matcher.reset()
        tokens = self._vocabulary.tokens.greedy_tokenize(answer)
        return matcher.try_consume_tokens(tokens) == len(tokens) and bool(matcher.is_accepting())

    def _restart(self) -> None:
        self._thought = False
        self._apart = False
        """True while a mark is written that opens thoughts, and is no part of the answer."""
        self._begun = bool(self._begin)
        """True if the answer has a token, whose text the splitter may not have yet."""
        self._blanks = 0
        self._matcher.reset()
        tokens = self._vocabulary.tokens.greedy_tokenize(self._begin)
        self._fits = self._matcher.try_consume_tokens(tokens) == len(tokens)

    def _thinks(self) -> bool:
        """Return whether the next token belongs to the thoughts; begin the answer after them."""
        if self._splitter.thinking:
            self._thought = True
        elif self._thought:
            self._restart()
        return self._thought

    def allowed(self) -> Mask | None:
        """Return which tokens may come next, shape (vocabulary size,); None if all may."""
        if self._thinks():
            closing = self._splitter.closing
            return ~self._vocabulary.beyond(closing) if closing else None
        found = np.zeros(self._vocabulary.size, np.bool_)
        if not self._apart:
            found |= self._grammar_mask()
        for mark in () if self._begun else self._splitter.openings:
            found |= self._vocabulary.parts_of(mark)
        if self._drops_blanks():
            found |= self._vocabulary.blanks
        return found if found.any() else self._vocabulary.end_mask

    def _grammar_mask(self) -> Mask:
        if self._matcher.is_error():  # too complex: end the text, which `matches` will not
            return self._vocabulary.end_mask
        found = np.frombuffer(self._matcher.compute_logit_bias(), np.uint8) > 0
        return found[: self._vocabulary.size]

    def _drops_blanks(self) -> bool:
        return self._splitter.drops_blanks and not self._begun and self._blanks < _MAX_BLANKS

    def add(self, token: int) -> None:
        """Add the token that was chosen, before its text reaches the splitter."""
        if self._thinks() or token in self._vocabulary.ends:
            return
        if self._drops_blanks() and self._vocabulary.blanks[token]:
            self._blanks += 1
        elif not self._apart and self._matcher.validate_tokens([token]) == 1:
            self._begun = True
            self._matcher.consume_token(token)
        else:
            self._apart = True
