"""What a person wrote, word for word, next to a model's summary, which may lose or change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.documents.chat import Chat, Turn
from studio.text_checks.language import detect_language
from studio.text_tasks.passages import sentences_of

MAX_CHARACTERS = 800
"""Of all statements; the newest ones are kept."""
MIN_STATEMENT, MAX_STATEMENT = 6, 240
LONG_TURN = 1_000
"""Characters; of a longer turn, such as one with a document, only the last paragraph counts."""
_QUESTION = ("?", "？")
_HEADINGS = {"en": "I also wrote:", "zh": "我还写过："}  # not translated: text for the model


def with_statements(summary: str, turns: Iterable[Turn]) -> str:
    """Return a summary with the statements of the person's turns that it does not repeat."""
    kept = statements([turn for turn in turns if turn.role == "user"], summary)
    if not kept:
        return summary
    heading = _HEADINGS["zh" if detect_language(" ".join(kept)) == "zh" else "en"]
    return "\n".join([summary.strip(), "", heading, *(f"- {one}" for one in kept)])


def statements(turns: Sequence[Turn], summary: str) -> list[str]:
    """Return the sentences of turns that are no questions and not in the summary, in order."""
    found: list[str] = []
    room = MAX_CHARACTERS
    for turn in reversed(turns):
        for sentence in reversed(_sentences(turn.text)):
            if sentence in summary or sentence in found or len(sentence) > room:
                continue
            found.append(sentence)
            room -= len(sentence)
    return found[::-1]


def _sentences(text: str) -> list[str]:
    text = text.strip()
    if len(text) > LONG_TURN:
        text = text.rpartition("\n\n")[2]
    sentences = (" ".join(one.split()) for one in sentences_of(text))
    return [
        one
        for one in sentences
        if not one.endswith(_QUESTION) and MIN_STATEMENT <= len(one) <= MAX_STATEMENT
    ]


def summarized_turns(chat: Chat, last: str) -> list[Turn]:
    """Return the shown turns up to one, which its summary takes the place of."""
    path = chat.path()
    ids = [turn.id for turn in path]
    return path[: ids.index(last) + 1] if last in ids else []
