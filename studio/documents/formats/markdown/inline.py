"""Emphasis and links inside a paragraph, as CommonMark has them, and emphasis in Chinese texts.

CommonMark takes the second `**` of `**结论：**今天` for text, because it stands between punctuation
and a letter. Models write this often, so next to wide characters only spaces decide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

WIDE = re.compile(
    "[\u2010-\u201f\u2026\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]"
)
"""Chinese, Japanese and Korean characters, with the punctuation that they share with others."""


def parse_inline(markdown: MarkdownIt, content: str) -> list[Token]:
    """Return the tokens of a paragraph's content."""
    from markdown_it.rules_inline.state_inline import Scanned, StateInline

    class State(StateInline):
        def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
            found = super().scanDelims(start, canSplitWord)
            end = start + found.length
            before = self.src[start - 1] if start else " "
            after = self.src[end] if end < self.posMax else " "
            if self.src[start] == "_" or not (WIDE.match(before) or WIDE.match(after)):
                return found
            return Scanned(not after.isspace(), not before.isspace(), found.length)

    state = State(content, markdown, {}, [])
    markdown.inline.tokenize(state)
    for rule in markdown.inline.ruler2.getRules(""):
        rule(state)
    return state.tokens
