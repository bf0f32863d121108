"""The tokens of a text, what the model could have chosen instead, and the request that does."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import NamedTuple

import msgspec

from studio.core.artifact import TokenLogprobs
from studio.core.requests import TextRequest
from studio.core.requests.base import draw_seed
from studio.core.requests.text import MAX_TOP_LOGPROBS
from studio.core.translation import tr

PARTIAL = "\ufffd"
"""In the text of a token that is only a part of a character."""


class Alternative(NamedTuple):
    """A token that the model could have chosen."""

    text: str
    probability: float
    is_chosen: bool

    @property
    def can_continue(self) -> bool:
        """True if a text can go on from it: whole characters, and no end of the text."""
        return not self.is_chosen and bool(self.text) and PARTIAL not in self.text


class Token(NamedTuple):
    """One token of a text, with its place in characters."""

    start: int
    end: int
    probability: float
    alternatives: tuple[Alternative, ...]


def token_at(text: str, logprobs: TokenLogprobs, place: int) -> Token | None:
    """Return the token at a character; None if the model did not choose what is there."""
    choices = logprobs.choices
    number = bisect_right(choices, place, key=lambda choice: choice.start) - 1
    if number < 0:
        return None
    choice = choices[number]
    is_last = number + 1 == len(choices)
    own = logprobs.texts.get(choice.token, "")
    end = choice.start + len(own) if is_last else choices[number + 1].start
    end = min(end, len(text))
    if place > end:
        return None
    # Some tokenizers drop the blank before a word when they decode it alone.
    written = text[choice.start : end]
    lead = " " if own and written == f" {own}" else ""
    top = dict(choice.top)
    top.setdefault(choice.token, choice.logprob)
    alternatives = tuple(
        Alternative(_with_lead(logprobs.texts.get(token, ""), lead), math.exp(value), is_chosen)
        for token, value in top.items()
        for is_chosen in (token == choice.token,)
    )
    return Token(choice.start, end, math.exp(choice.logprob), alternatives)


def _with_lead(text: str, lead: str) -> str:
    return lead + text if text[:1].isalnum() else text


def continuing_request(
    request: TextRequest, text: str, token: Token, chosen: Alternative, *, completes: bool
) -> TextRequest:
    """Return the request that goes on from another token, with a new seed.

    `completes`: the text begins with the prompt.
    """
    begin = text[: token.start] + chosen.text
    prompt = request.prompt
    if completes and not begin.startswith(prompt):
        prompt = prompt.rstrip(" \t")  # as the text has it
    return msgspec.structs.replace(
        request,
        prompt=prompt,
        prefix=begin.removeprefix(prompt) if completes else begin,
        seed=draw_seed(),
        num_return_sequences=1,
    )


def request_with_alternatives(request: TextRequest) -> TextRequest:
    """Return the request that generates the same with alternatives, which beams do not keep."""
    count = 1 if request.temperature == 0 else request.num_return_sequences
    return msgspec.structs.replace(
        request, top_logprobs=MAX_TOP_LOGPROBS, num_beams=1, num_return_sequences=count
    )


def shown_token(text: str) -> str:
    """Return a token's text for a list: blanks and line breaks visible, one line."""
    if not text:
        return tr("end of the text")
    shown = text.replace("\n", "↵").replace("\t", "⇥")
    return shown if shown.strip() else "␣" * len(shown)
