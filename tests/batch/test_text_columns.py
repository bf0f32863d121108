"""The columns `document` and `messages` of text rows."""

import json

import pytest

from studio.core.requests.chat import ChatMessage
from studio.documents.formats.write import write_document
from tests.batch.test_task_column import read


def test_a_document_is_the_source_of_a_row(tmp_path):
    write_document(tmp_path / "a.docx", "The river rose.\n\nIt **fell** again.")
    (tmp_path / "b.txt").write_bytes("河水上涨。\n".encode("gb18030"))
    batch = read(
        tmp_path,
        "task,document,prompt,sentences\n"
        "summary,a.docx,,2\n,b.txt,,\n,a.docx,,\n,,plain,\n,b.txt,x,\n,none.txt,,\n",
    )
    summary, text, same, plain = (row.request for row in batch.good)
    assert "It **fell** again." in summary.prompt
    assert summary.task.name == "summary"
    assert text.prompt == "河水上涨。"
    assert same.prompt == "The river rose.\n\nIt **fell** again."
    assert plain.prompt == "plain"
    assert [row.line for row in batch.bad] == [6, 7]
    both, missing = (row.message for row in batch.bad)
    assert "document" in both
    assert "prompt" in both
    assert "none.txt" in missing


@pytest.mark.parametrize("is_text", [False, True])
def test_a_chat_is_answered(tmp_path, is_text):
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Rain?"},
    ]

    def cell(messages):
        return json.dumps(messages) if is_text else messages

    batch = read(
        tmp_path,
        [
            {"messages": cell(chat)},
            {"messages": cell(chat[:3]), "prompt": "Snow?", "system_prompt": "Mine."},
            {"messages": cell(chat[:3])},
            {"messages": cell([{"role": "nobody", "content": "x"}])},
        ],
    )
    first, second = (row.request for row in batch.good)
    before = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Hi"))
    assert (first.prompt, first.messages, first.system_prompt) == ("Rain?", before, "Be brief.")
    assert (second.prompt, second.messages, second.system_prompt) == ("Snow?", before, "Mine.")
    assert "ends with an answer" in batch.bad[0].message
    assert "messages" in batch.bad[1].message


def test_a_template_may_use_columns_of_these_names(tmp_path):
    batch = read(tmp_path, "document\nthe river\n", template="Write about {{document}}")
    assert batch.good[0].request.prompt == "Write about the river"
