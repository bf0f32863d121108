"""Grammars of constrained texts, for llguidance: from a JSON schema, an expression or choices."""

from __future__ import annotations

import functools
import json
import re

from studio.core.errors import Problem
from studio.core.requests import TextRequest
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard

_JSON = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON on one line: where blanks are free, small models write them until the text is full."""
_MAX_REASON = 200
_PLACE = re.compile(
    r"^at \d+\(\d+\): (failed to compile JSON schema: |invalid regex .* \(in regex\): )?"
)
"""What precedes a reason: a place in our grammar."""
_REASONS = frozenset(
    {
        mark("backreferences are not supported"),
        mark("incomplete escape sequence, reached end of pattern prematurely"),
        mark("invalid character class range, the start must be <= the end"),
        mark("invalid escape sequence found in character class"),
        mark("invalid repetition count range, the start must be <= the end"),
        mark("look-around, including look-ahead and look-behind, is not supported"),
        mark("repetition operator missing expression"),
        mark("repetition quantifier expects a valid decimal"),
        mark("unclosed character class"),
        mark("unclosed counted repetition"),
        mark("unclosed group"),
        mark("unopened group"),
        mark("unrecognized escape sequence"),
        mark("unrecognized flag"),
    }
)
"""What is usually wrong with an expression, as the crate regex-syntax states it."""


def grammar_of(request: TextRequest, *, after_text: bool = False) -> str:
    """Return the grammar of a request's text, in llguidance's form of Lark; empty if it is free.

    `after_text`: the text continues another one, and may begin with a blank.
    """
    if request.json_schema:
        schema = {**json.loads(request.json_schema), "x-guidance": _JSON}
        body = f"%json {json.dumps(schema)}"
    elif request.regex:
        from llguidance import regex_to_lark

        body = f"/{regex_to_lark(request.regex, use_ascii='d')}/"
    elif request.choices:
        body = " | ".join(map(json.dumps, request.choices))
    else:
        return ""
    blank = '" "? ' if after_text else ""
    return f"start: {blank}body\nbody: {body}\n"


def check_grammar(card: ModelCard, request: TextRequest, *, thorough: bool) -> Problem | None:
    """Return why a model cannot write what a request asks for; None if it can.

    `thorough`: read the schema or expression itself, which imports llguidance.
    """
    name = request.constraint
    if not name:
        return None
    if card.encoder_decoder:
        sentence = tr("cannot be used with the encoder-decoder {model}", model=card.title)
        return Problem(name, sentence)
    if not thorough:
        return None
    reason = _reason(request)
    return Problem(name, tr("is invalid: {reason}", reason=reason)) if reason else None


def _reason(request: TextRequest) -> str:
    escapes = len(request.regex) - len(request.regex.rstrip("\\"))
    if escapes % 2:  # `regex_to_lark` leaves the last one out
        return tr("incomplete escape sequence, reached end of pattern prematurely")
    reason = grammar_error(grammar_of(request))
    if reason.startswith("lookarounds "):  # not translated: how llguidance names them
        return tr("look-around, including look-ahead and look-behind, is not supported")
    return tr_marked(reason) if reason in _REASONS else reason


@functools.lru_cache(maxsize=64)
def grammar_error(grammar: str) -> str:
    """Return what is wrong with a grammar, as one line in English; empty if it is valid."""
    from llguidance import LLMatcher

    is_wrong, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    if not is_wrong:
        return ""
    # The reason of a wrong expression is a line of its own; around it is our grammar.
    lines = [line.strip() for line in messages[0].splitlines() if line.strip()]
    reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (reasons[0] if reasons else _PLACE.sub("", lines[0]))[:_MAX_REASON]
