"""Code blocks of a turn: recognized, shown as they are, copied, also while they are written."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.ui.tabs.chat.turn_text import MAX_BLOCKS, CodeBlock, Part, TurnText, split_code

CODE = "if a < b:\n    print('<b>')"
TEXT = f"Use this:\n\n```python\n{CODE}\n```\n\nThat is all."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("One `word`.", [Part("One `word`.")]),
        (TEXT, [Part("Use this:"), Part(CODE, True, "python"), Part("That is all.")]),
        ("```\na", [Part("a", True)]),
        ("```\n", []),
        ("````md\n```\nx\n```\n````", [Part("```\nx\n```", True, "md")]),
        ("~~~\na\n```\nb\n~~~\nc", [Part("a\n```\nb", True), Part("c")]),
        ("代码：\n```\n  x\n\n  y\n```", [Part("代码："), Part("  x\n\n  y", True)]),
    ],
)
def test_code_is_separated_from_prose(text, parts):
    assert split_code(text) == parts


def test_a_text_of_many_blocks_stays_plain():
    text = "```\na\n```\nb\n" * (MAX_BLOCKS + 1)
    assert split_code(text) == [Part(text)]


def test_code_grows_in_its_block_and_is_copied(qtbot):
    view = TurnText()
    qtbot.addWidget(view)
    for end in range(len(TEXT) + 1):
        view.set_text(TEXT[:end])
    first, block, last = view.parts
    assert isinstance(block, CodeBlock)
    assert (first.text(), last.text()) == ("Use this:", "That is all.")
    assert block.language.text() == "python"
    assert block.code.text() == CODE
    assert block.code.textFormat() is Qt.TextFormat.PlainText
    QTest.mouseClick(block.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == CODE
    view.set_text("Other")
    assert [part.text() for part in view.parts] == ["Other"]


def test_code_is_colored_when_it_is_complete_and_stays_text(qtbot):
    view = TurnText()
    qtbot.addWidget(view)
    view.set_text('```python\nprint("<b>")  # a & b\n```')
    (block,) = view.parts
    qtbot.waitUntil(lambda: block.code.textFormat() is Qt.TextFormat.RichText, timeout=10_000)
    assert 'style="color: #' in block.code.text()
    document = QTextDocument()
    document.setHtml(block.code.text())
    assert document.toPlainText() == 'print("<b>")  # a & b'
    view.set_text('```python\nprint("<b>")  # a & b\nmore\n```')
    assert block.code.textFormat() is Qt.TextFormat.PlainText
    assert block.code.text().endswith("\nmore")


def test_code_of_an_unknown_language_stays_plain(qtbot):
    view = TurnText()
    qtbot.addWidget(view)
    view.set_text("```python\n1\n```\n```brainf\n<b>\n```")
    known, other = view.parts
    qtbot.waitUntil(lambda: known.code.textFormat() is Qt.TextFormat.RichText, timeout=10_000)
    assert other.code.textFormat() is Qt.TextFormat.PlainText
