"""What a person wrote stays next to a summary that lost it."""

import pytest

from studio.documents.chat import (
    CHINESE_SUMMARY_PROMPT,
    ROOT,
    SUMMARY,
    SUMMARY_PROMPT,
    Turn,
    new_chat,
    new_turn,
)
from studio.models.card import ModelCard
from studio.ui.tabs.chat.kept_statements import (
    LONG_TURN,
    MAX_CHARACTERS,
    statements,
    summarized_turns,
    with_statements,
)
from studio.ui.tabs.chat.summaries import INSTRUCTIONS, summary_requests

ENGLISH = "Our budget is 1,800.50 euros. Ben is allergic to nuts! Which sights should we see?"
CHINESE = "预算是八千元。小明对花生过敏。我们应该去哪些景点？"


def person(text, parent=ROOT):
    return new_turn(parent, "user", text)


def test_statements_are_kept_and_questions_and_what_the_summary_has_are_not():
    turns = [person(ENGLISH), person("Hi."), person("Please answer briefly.")]
    assert statements(turns, "They talked. Ben is allergic to nuts! ") == [
        "Our budget is 1,800.50 euros.",
        "Please answer briefly.",
    ]
    assert statements([person(CHINESE)], "他们谈了旅行。") == ["预算是八千元。", "小明对花生过敏。"]


def test_the_newest_statements_are_kept_and_documents_are_not():
    turns = [person(f"Statement number {number} is this one here.") for number in range(100)]
    found = statements(turns, "")
    assert found[-1] == turns[-1].text
    assert MAX_CHARACTERS - 50 < sum(map(len, found)) <= MAX_CHARACTERS
    long = "Document a.txt:\n\n" + "It rains a lot. " * LONG_TURN + "\n\nKeep the tone dry."
    assert statements([person(long)], "") == ["Keep the tone dry."]


def test_a_summary_without_statements_stays_as_it_is():
    assert with_statements("All.", [person("Why?")]) == "All."
    assert with_statements(" 全部。", [person(CHINESE)]).startswith("全部。\n\n我还写过：\n- 预算")


@pytest.mark.parametrize(
    ("text", "language", "prompt"),
    [(ENGLISH, "en", SUMMARY_PROMPT), (CHINESE, "zh", CHINESE_SUMMARY_PROMPT)],
)
def test_the_model_is_asked_in_the_language_of_the_person(text, language, prompt):
    chat, parent = new_chat(), ROOT
    for number in range(3):
        question = person(text, parent)
        answer = Turn(
            id=str(number), parent=question.id, role="assistant", text="Yes.", finish="stop"
        )
        chat.add(question)
        chat.add(answer)
        parent = answer.id
    card = ModelCard(name="m", title="M", kind="text", runner="r", chat=True)
    first = summary_requests(card, {"prompt": "", "system_prompt": ""}, chat)[0]
    assert first.request.prompt == INSTRUCTIONS[language]
    assert [one.id for one in summarized_turns(chat, "1")] == [one.id for one in chat.path()[:4]]
    summary = Turn(id="s", parent=SUMMARY + "1", role="assistant", text="All", finish="stop")
    chat.add(summary)
    assert [one.content for one in chat.messages_before("2")] == [prompt, "All", text, "Yes."]
