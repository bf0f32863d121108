"""The batch dialog: variations, columns, existing results, problems before the run."""

import re

import pytest
from openpyxl import Workbook
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.batch.resume import find_earlier_jobs
from studio.media.text_encoding import ENCODINGS
from studio.ui.batch.dialog import BatchDialog
from studio.ui.batch.row_editor import RowEditor
from studio.ui.batch.row_table import FILE, PROMPT, SETTINGS
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.visible_controls import hidden_controls

SIGNS = re.compile(
    r"\{\{\w+\}\}|__\w+__|\$\w+|wildcards|steps?|guidance|prompt|seed|style|city|topic|oil|photo|"
    r"watercolor|a cat|a dog|animal|Write a headline about|for|utf-8|rows|\.csv|jsonl|Word|kB|"
    r"Python|GPT-2|Top-[kp]|n-gram|Min-p|/\S+|" + "|".join(ENCODINGS)
)
"""What a Chinese user writes and reads as well."""


@pytest.fixture
def open_batch(qtbot, open_studio, tmp_path):
    """Return a function that opens a batch file and waits until it is read."""
    studio = open_studio()

    def start(name="rows.csv", text="", **options):
        path = tmp_path / name
        if text:
            path.write_text(text, encoding="utf-8")
        dialog = BatchDialog(studio.shared, path, parent=studio.window, **options)
        dialog.show()
        settle(qtbot, dialog)
        return dialog

    start.studio = studio
    return start


def settle(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog._timer.isActive() and not dialog._reading, timeout=PATIENCE)


def cells(dialog, column):
    return [dialog.rows.index(row, column).data() for row in range(dialog.rows.rowCount())]


def test_variables_alternatives_and_grid(qtbot, open_batch, tmp_path):
    dialog = open_batch(text="prompt\na {cat|dog} in $style\n")
    assert "$style" in cells(dialog, SETTINGS)[0]  # named as what is missing
    assert not dialog.run_button.isEnabled()
    dialog.variations.variables.setPlainText("style = oil")
    dialog.variations.combine.setCurrentIndex(dialog.variations.combine.findData("all"))
    settle(qtbot, dialog)
    assert cells(dialog, PROMPT) == ["a cat in oil", "a dog in oil"]
    dialog.variations.axes[0].setText("temperature=0.5,0.9")
    settle(qtbot, dialog)
    assert dialog.run_button.text() == "Run 4 rows"
    assert ["temperature 0.5" in cell for cell in cells(dialog, SETTINGS)] == [
        True,
        True,
        False,
        False,
    ]
    dialog.output.folder.setText(str(tmp_path / "made"))
    settle(qtbot, dialog)
    with qtbot.waitSignal(open_batch.studio.shared.queue.batch_finished, timeout=PATIENCE):
        qtbot.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: len(list((tmp_path / "made").glob("contact-sheet*.md"))) == 2, timeout=PATIENCE
    )


def test_invalid_variable_is_named(qtbot, open_batch):
    dialog = open_batch(text="prompt\nx\n")
    dialog.variations.variables.setPlainText("style oil")
    settle(qtbot, dialog)
    assert "'style oil'" in dialog.notice.message
    assert not dialog.run_button.isEnabled()
    dialog.variations.variables.setPlainText("")
    settle(qtbot, dialog)
    assert dialog.run_button.isEnabled()


def test_guided_task_of_a_row_is_shown_with_its_prompt(qtbot, open_batch):
    shared = open_batch.studio.shared
    shared.data.tasks.mkdir(parents=True, exist_ok=True)
    (shared.data.tasks / "motto.toml").write_text(
        'title = "Motto"\n[[field]]\nname = "subject"\ntitle = "Subject"\n'
        '[prompt.en]\nchat = "Motto of {subject}:"\ncomplete = "Motto of {subject}:"\n'
    )
    dialog = open_batch(text="task,prompt\nmotto,a club\n,plain\nsonata,x\n")
    assert cells(dialog, PROMPT)[:2] == ["Motto of a club:", "plain"]
    assert cells(dialog, SETTINGS)[0].startswith("task motto, ")
    assert "task" not in cells(dialog, SETTINGS)[1]
    assert "sonata" in cells(dialog, SETTINGS)[2]


def test_columns_are_mapped_or_ignored(qtbot, open_batch):
    dialog = open_batch(text="Frage,Länge,Notiz\nEin Gedicht,7,x\n")
    assert "Frage" in cells(dialog, SETTINGS)[0]
    for column, field in {"Frage": "prompt", "Länge": "max_new_tokens", "Notiz": ""}.items():
        box = dialog.columns._boxes[column]
        box.setCurrentIndex(box.findData(field))
    settle(qtbot, dialog)
    assert cells(dialog, PROMPT) == ["Ein Gedicht"]
    assert "max-new-tokens 7" in cells(dialog, SETTINGS)[0]
    assert dialog.columns.table.rowCount() == 3


def test_table_without_prompts_suggests_a_template(qtbot, open_batch):
    dialog = open_batch(text="topic,city\ncats,Rome\n")
    assert dialog.notice.isVisible()
    assert dialog.notice.message == "No row of the file can run."
    assert "{{topic}}" in dialog.notice.accessibleName()
    dialog.prompts.template.setText("Write about {{topic}} for {{city}}")
    settle(qtbot, dialog)
    assert not dialog.notice.isVisible()
    assert dialog.run_button.isEnabled()


def test_row_syntax_is_explained(qtbot, open_batch, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "studio.ui.batch.variations_page.show_information",
        lambda _parent, title, text: messages.append(text),
    )
    dialog = open_batch(text="prompt\na cat\n")
    button = next(one for one in dialog.variations.findChildren(QPushButton) if one.text() == "?")
    button.click()
    assert all(
        sign in messages[0]
        for sign in ("{{topic}}", "{red|blue}", "$style", "__animal__", "[5..10 step 1]")
    )


def test_problem_names_the_files_column(qtbot, open_batch):
    dialog = open_batch(text="prompt,max-new-tokens\nx,many\n")
    assert cells(dialog, PROMPT) == ["x"]
    assert cells(dialog, SETTINGS)[0].startswith("max-new-tokens: ")


def test_only_missing_rows_run_again(qtbot, open_batch, tmp_path):
    folder = tmp_path / "made"
    queue = open_batch.studio.shared.queue

    def opened():
        dialog = open_batch(text="prompt\none\ntwo\nthree\n")
        dialog.output.folder.setText(str(folder))
        settle(qtbot, dialog)
        return dialog

    with qtbot.waitSignal(queue.batch_finished, timeout=PATIENCE):
        opened().run_button.click()
    lost = next(folder.glob("*two*.txt"))
    lost.unlink()
    dialog = opened()
    assert dialog.run_button.text() == "Run 1 row"
    assert [cell.startswith("Done: ") for cell in cells(dialog, FILE)] == [True, False, True]
    dialog.only_missing.setChecked(False)
    assert dialog.run_button.text() == "Run 3 rows"
    dialog.only_missing.setChecked(True)
    with qtbot.waitSignal(queue.batch_finished, timeout=PATIENCE):
        dialog.run_button.click()
    assert len(list(folder.glob("000*.txt"))) == 3
    assert len(find_earlier_jobs(folder)) == 3
    dialog = opened()
    assert "3 already done" in dialog.summary.text()
    assert not dialog.run_button.isEnabled()


def test_texts_are_collected(qtbot, open_batch, tmp_path):
    dialog = open_batch(text="prompt\none\ntwo\n")
    dialog.output.folder.setText(str(tmp_path / "made"))
    dialog.output.collect.setCurrentIndex(dialog.output.collect.findData("md"))
    settle(qtbot, dialog)
    with qtbot.waitSignal(open_batch.studio.shared.queue.batch_finished, timeout=PATIENCE):
        dialog.run_button.click()
    assert "## 2. one" in (tmp_path / "made" / "collected.md").read_text(encoding="utf-8")


def test_spreadsheet_sheet_can_be_chosen(qtbot, open_batch, tmp_path):
    book = Workbook()
    book.active.title = "Erste"
    book.active.append(["prompt"])
    book.active.append(["a"])
    second = book.create_sheet("第二")
    second.append(["prompt"])
    second.append(["b"])
    book.save(tmp_path / "rows.xlsx")
    dialog = open_batch("rows.xlsx")
    assert [dialog.prompts.sheet.itemText(at) for at in range(2)] == ["Erste", "第二"]
    dialog.prompts.sheet.setCurrentIndex(1)
    settle(qtbot, dialog)
    assert cells(dialog, PROMPT) == ["b"]


def test_form_values_fill_empty_cells(qtbot, open_batch):
    open_batch.studio.window.text_tab.set_values({"max_new_tokens": 11, "seed": 5, "prompt": "no"})
    dialog = open_batch(text="prompt,max_new_tokens\na,3\nb,\n")
    dialog.prompts.defaults.setCurrentIndex(1)
    settle(qtbot, dialog)
    assert [
        "max-new-tokens 3" in cells(dialog, SETTINGS)[0],
        "max-new-tokens 11" in cells(dialog, SETTINGS)[1],
    ] == [True, True]
    assert cells(dialog, PROMPT) == ["a", "b"]
    assert not all("seed 5," in cell for cell in cells(dialog, SETTINGS))


def test_rows_use_the_model_of_their_kind(qtbot, open_batch):
    dialog = open_batch(
        text="kind,prompt\ntext,a\nimage,b\nspeech,c\n", kind="image", model="fake-image"
    )
    assert dialog.run_button.text() == "Run 3 rows"


def test_changed_file_is_read_again(qtbot, open_batch, tmp_path):
    dialog = open_batch(text="prompt\none\n")
    assert dialog.run_button.text() == "Run 1 row"
    (tmp_path / "rows.csv").write_text("prompt\none\ntwo\n")
    qtbot.waitUntil(lambda: dialog.run_button.text() == "Run 2 rows", timeout=PATIENCE)


def test_time_is_estimated_from_past_runs(qtbot, open_batch, tmp_path):
    dialog = open_batch(text="prompt\none\n")
    assert "time unknown" in dialog.summary.text()
    dialog.output.folder.setText(str(tmp_path / "made"))
    settle(qtbot, dialog)
    with qtbot.waitSignal(open_batch.studio.shared.queue.batch_finished, timeout=PATIENCE):
        dialog.run_button.click()
    dialog = open_batch("other.csv", "prompt\none\n")
    assert "about" in dialog.summary.text()
    assert "time unknown" not in dialog.summary.text()


def test_too_little_disk_space_is_reported_before_the_run(qtbot, open_batch):
    side = 4096
    rows = "\n".join(f"x,{side},{side},16" for _row in range(10_000))
    dialog = open_batch(text=f"prompt,width,height,count\n{rows}\n", kind="image")
    assert "are free in that folder" in dialog.notice.message
    assert dialog.run_button.isEnabled()


def test_missing_output_folder_is_reported(qtbot, open_batch):
    dialog = open_batch(text="prompt\nx\n")
    dialog.output.folder.setText(" ")
    settle(qtbot, dialog)
    dialog.run_button.click()
    assert "No folder" in dialog.notice.message
    assert dialog.pages.currentWidget() is dialog.output


def choose_row(dialog, number):
    dialog.activateWindow()  # shortcuts belong to the active window
    assert QTest.qWaitForWindowActive(dialog, PATIENCE)
    dialog.table.selectRow(number)
    dialog.table.setFocus()


def press(qtbot, dialog, key):
    QTest.keyClick(dialog.table, key)
    settle(qtbot, dialog)


def open_editor(qtbot, dialog):
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(RowEditor)), timeout=PATIENCE)
    return dialog.findChildren(RowEditor)[-1]


def test_the_keys_of_the_rows_do_nothing_in_a_field(qtbot, open_batch):
    dialog = open_batch(text="prompt\na cat\na dog\n")
    choose_row(dialog, 0)
    dialog.activateWindow()
    assert QTest.qWaitForWindowActive(dialog, PATIENCE)
    dialog.output.folder.setFocus()
    QTest.keyClick(dialog.output.folder, Qt.Key.Key_F2)
    assert not dialog.findChildren(RowEditor)
    choose_row(dialog, 0)
    open_editor(qtbot, dialog).reject()


def test_bad_row_is_corrected_in_the_window(qtbot, open_batch):
    dialog = open_batch(text="prompt,max-new-tokens\na cat,many\na dog,20\n")
    assert dialog.run_button.text() == "Run 1 row"
    choose_row(dialog, 0)
    editor = open_editor(qtbot, dialog)
    assert editor.editors["max-new-tokens"].text() == "many"
    editor.editors["max-new-tokens"].setText("30")
    editor.editors["prompt"].setPlainText("一只猫")
    QTest.mouseClick(editor.accept_button, Qt.MouseButton.LeftButton)
    settle(qtbot, dialog)
    assert cells(dialog, PROMPT) == ["一只猫", "a dog"]
    assert dialog.run_button.text() == "Run 2 rows"
    assert dialog.path.read_text() == "prompt,max-new-tokens\na cat,many\na dog,20\n"
    choose_row(dialog, 0)
    dialog.edits.restore_current()
    settle(qtbot, dialog)
    assert cells(dialog, PROMPT) == ["a cat", "a dog"]


def test_rows_are_skipped_and_run_after_all(qtbot, open_batch):
    dialog = open_batch(text="prompt\na\nb\nc\n")
    choose_row(dialog, 1)
    press(qtbot, dialog, Qt.Key.Key_Delete)
    assert dialog.run_button.text() == "Run 2 rows"
    assert cells(dialog, SETTINGS)[1] == "Skipped"
    assert "1 skipped" in dialog.summary.text()
    assert dialog.only_bad.isHidden()
    choose_row(dialog, 1)
    press(qtbot, dialog, Qt.Key.Key_Delete)
    assert dialog.run_button.text() == "Run 3 rows"


def test_kind_follows_the_columns_once(qtbot, open_batch):
    dialog = open_batch(text="prompt,width,height\na cat,64,64\n", kind="text")
    settle(qtbot, dialog)
    assert dialog.prompts.kind.currentData() == "image"
    assert dialog.run_button.text() == "Run 1 row"
    dialog.prompts.kind.setCurrentIndex(dialog.prompts.kind.findData("text"))
    settle(qtbot, dialog)
    assert dialog.prompts.kind.currentData() == "text"


def test_unknown_columns_are_asked_about_once(qtbot, open_batch):
    dialog = open_batch(text="prompt,mood,style\na,b,c\nd,e,f\n")
    assert "mood, style" in dialog.notice.message
    button = next(one for one in dialog.notice.findChildren(QPushButton) if one.text() == "Ignore")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(qtbot, dialog)
    assert not dialog.notice.isVisible()
    assert dialog.run_button.text() == "Run 2 rows"


def test_changed_rows_run(qtbot, open_batch, tmp_path):
    dialog = open_batch(text="prompt\na cat\na dog\n")
    choose_row(dialog, 0)
    editor = open_editor(qtbot, dialog)
    editor.editors["prompt"].setPlainText("a bird")
    QTest.mouseClick(editor.accept_button, Qt.MouseButton.LeftButton)
    settle(qtbot, dialog)
    choose_row(dialog, 1)
    press(qtbot, dialog, Qt.Key.Key_Delete)
    dialog.output.folder.setText(str(tmp_path / "made"))
    settle(qtbot, dialog)
    queue = open_batch.studio.shared.queue
    qtbot.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(queue.jobs()) == 1, timeout=PATIENCE)
    assert queue.jobs()[0].request.prompt == "a bird"


def test_the_pages_are_chinese_and_fit(qtbot, chinese, open_batch):
    dialog = open_batch(text="prompt,seed\n一只猫,x\n一只狗,2\n")
    dialog.resize(1024, 700)
    for at in range(dialog.pages.count()):
        dialog.pages.setCurrentIndex(at)
        QTest.qWait(50)
        assert hidden_controls(dialog) == []
    assert english_in({SIGNS.sub("", text) for text in texts_of(dialog)}) == []
    model = dialog.rows
    titles = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    assert english_in(titles) == []
    assert dialog.run_button.text() == "运行 1 行"


def test_columns_that_are_no_settings_are_found_in_chinese(chinese, open_batch):
    dialog = open_batch(text="prompt,天气\n一只猫,晴\n")
    assert "天气" in dialog.notice.message
    assert english_in([dialog.notice.message]) == []
    assert len(dialog.notice.findChildren(QPushButton)) >= 2
