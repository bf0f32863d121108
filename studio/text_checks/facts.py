"""Marks numbers, names and quotes of a text that the facts for it do not contain."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from studio.text_checks.check import Check, Span, from_spans
from studio.text_checks.figures import figures_in, values_in
from studio.text_checks.topic import stem

_CURRENCIES = {
    name: currency
    for currency, names in {
        "USD": "$ dollar dollars usd 美元 美金",
        "EUR": "€ euro euros eur 欧元",
        "GBP": "£ gbp 英镑",
        "CNY": "¥ yuan rmb cny 人民币",
    }.items()
    for name in names.split()
}
_CURRENCY = re.compile(
    r"[$€£¥]|\b(?:dollars?|euros?|yuan|usd|eur|gbp|rmb|cny)\b|美元|美金|欧元|英镑|人民币",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z][\w’'\-]{1,40}(?:\s(?:(?:of|de|van|von|the)\s)?[A-Z][\w’'\-]{1,40}){0,4}")
_HAN_NAME = re.compile(
    r"[\u4e00-\u9fff]{1,6}?(?:市|省|县|大学|公司|银行|集团|医院|委员会|部长|总统|市长|先生|女士)"
)
_QUOTE = re.compile(
    r"“([^“”]{2,400})”|\"([^\"\n]{2,400})\"|「([^「」]{2,400})」|『([^『』]{2,400})』"
)
_SENTENCE_END = re.compile(r"(?:^|[.!?:。！？：\n\"“”])\s*$")


def check_facts(text: str, facts: str) -> Check:
    """Mark what the facts do not contain.

    A hint, not a proof: numbers are compared by their values, names and quotes as words, so a
    statement made of known words passes, and an abbreviation of a name may be marked. A single
    capitalized word at the start of a sentence is no name.
    """
    spans = sorted(
        (*_numbers(text, facts), *_names(text, facts), *_quotes(text, facts)),
        key=lambda span: span.start,
    )
    return from_spans("facts", spans, "numbers, names or quotes that the facts do not contain")


def _numbers(text: str, facts: str) -> Iterator[Span]:
    known = values_in(facts)
    for figure in figures_in(text):
        if figure.value not in known:
            yield Span(figure.start, figure.end, "number")
    own = {_CURRENCIES[match.group().casefold()] for match in _CURRENCY.finditer(facts)}
    for match in _CURRENCY.finditer(text):
        if _CURRENCIES[match.group().casefold()] not in own:
            yield Span(*match.span(), "currency")


def _names(text: str, facts: str) -> Iterator[Span]:
    known = frozenset(_fold(facts).split())
    stems = frozenset(map(stem, known))  # "Opens" in a headline for "opened"
    for match in _NAME.finditer(text):
        words = _fold(match.group()).split()
        opens = _SENTENCE_END.search(text[max(0, match.start() - 3) : match.start()])
        at_start = match.start() == 0 or opens is not None
        if at_start:
            words = words[1:]
        if any(word not in known and stem(word) not in stems for word in words):
            yield Span(*match.span(), "name")
    for match in _HAN_NAME.finditer(text):
        if match.group()[-4:] not in facts:
            yield Span(*match.span(), "name")


def _quotes(text: str, facts: str) -> Iterator[Span]:
    known = " ".join(_fold(facts).split())
    for match in _QUOTE.finditer(text):
        quote = " ".join(_fold(next(filter(None, match.groups()))).split())
        if quote not in known:
            yield Span(*match.span(), "quote")


def _fold(text: str) -> str:
    """Return lower-case words without punctuation and possessive endings."""
    text = re.sub(r"[’']s\b", "", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(r"[^\w]+", " ", text)
