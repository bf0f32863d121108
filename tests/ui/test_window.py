"""Test the real window with the fake engine, from typing a prompt to the saved result."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from studio.core.drafts import load_drafts
from studio.core.errors import Failure
from studio.core.jobs import JobState
from studio.core.kinds import TABS
from studio.ui.batch.dialog import BatchDialog
from studio.ui.models.dialog import ModelsDialog
from studio.ui.queue.table import PROMPT
from tests.ui.conftest import PATIENCE, close_studio


def type_prompt(tab, text):
    tab.prompt.setFocus()
    if text.isascii():
        QTest.keyClicks(tab.prompt, text)
    else:
        tab.prompt.insertPlainText(text)  # as an input method does


def press_generate(tab):
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def is_over(studio, tab):
    job = studio.shared.queue.job(tab.stage.job.id) if tab.stage.job else None
    return job is not None and job.state.over and not tab.bar.isVisibleTo(tab)


def test_text_from_key_press_to_file(qtbot, open_studio, data):
    studio = open_studio()
    tab = studio.window.text_tab
    assert not tab.generate_button.isEnabled()
    assert "prompt" in tab._hint.text().lower()
    type_prompt(tab, "Write about light")
    assert tab.generate_button.isEnabled()
    press_generate(tab)
    qtbot.waitUntil(lambda: bool(tab.view.text()), timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    (path,) = data.outputs.glob("*.txt")
    qtbot.waitUntil(lambda: tab.view.text() == path.read_text(encoding="utf-8"), timeout=PATIENCE)
    assert "tokens/s" in tab.status.text()
    assert f"seed {tab.stage.job.request.seed}" in tab.stage.header.facts.whole
    QTest.mouseClick(tab.stage.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == tab.view.text()


def test_beams_are_shown_ranked_with_scores(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    preset = next(
        action for action in tab.preset_button.menu().actions() if action.text() == "GPT-2 headline"
    )
    preset.trigger()
    assert tab.prompt.toPlainText() == "This is a news article about …"
    assert tab.prompt.textCursor().selectedText() == "…"
    assert tab.form.values()["num_beams"] == 5
    assert tab.form.values()["max_new_tokens"] == 20
    QTest.keyClicks(tab.prompt, "cats")
    press_generate(tab)
    qtbot.waitUntil(
        lambda: tab.view.tabs.count() == 5 and "score" in tab.view.tabs.tabText(4), timeout=PATIENCE
    )
    assert tab.stage.job.request.prompt == "This is a news article about cats"


def test_stop_keeps_the_partial_text(qtbot, open_studio, data):
    studio = open_studio(step_seconds=0.1)
    tab = studio.window.text_tab
    type_prompt(tab, "Write about light")
    press_generate(tab)
    qtbot.waitUntil(lambda: len(tab.view.text()) > 3, timeout=PATIENCE)
    QTest.keyClick(tab.prompt, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert studio.shared.queue.job(tab.stage.job.id).state is JobState.CANCELLED
    assert tab.view.text()
    assert "kept" in tab.status.text()
    assert len(list(data.outputs.glob("*.txt"))) == 1


def test_image_previews_then_results_as_a_grid(qtbot, open_studio, data):
    studio = open_studio(step_seconds=0.02)
    window = studio.window
    window.show_tab("image")
    tab = window.image_tab
    tab.form.set_values(
        {"width": 64, "height": 64, "num_inference_steps": 6, "num_images_per_prompt": 3}
    )
    type_prompt(tab, "a red apple")
    press_generate(tab)
    qtbot.waitUntil(
        lambda: not tab.view.image.is_empty and not tab.view.image.path,
        timeout=PATIENCE,
    )
    assert "left" in tab.status.text()
    qtbot.waitUntil(lambda: tab.view.grid.count() == 3, timeout=PATIENCE)
    assert Path(tab.view.image.path).parent == data.outputs
    first = tab.view.image.path
    tab.view.grid.setCurrentRow(2)
    assert tab.view.image.path != first


def test_invalid_fields_are_marked_and_the_button_explains(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.image_tab
    studio.window.show_tab("image")
    type_prompt(tab, "x")
    tab.form.fields["width"].editor.setValue(65)
    assert not tab.generate_button.isEnabled()
    assert "multiple of 8" in tab._hint.text()
    assert "multiple of 8" in tab.form.fields["width"]._problem.text()
    tab.generate()
    assert studio.shared.queue.jobs() == []
    tab.form.fields["width"].editor.setValue(64)
    assert tab.generate_button.isEnabled()


def test_failure_shows_a_remedy_and_can_be_retried(qtbot, open_studio):
    studio = open_studio()
    broken = {"on": True}
    failure = Failure(
        cause="disk",
        message="The result could not be saved.",
        cure="Free some space.",
        details="E",
        unsaved=True,
    )
    studio.session.engine._fail_on = lambda _job: failure if broken["on"] else None
    tab = studio.window.text_tab
    type_prompt(tab, "x")
    press_generate(tab)
    qtbot.waitUntil(tab.notice.isVisible, timeout=PATIENCE)
    assert tab.notice.message == "The result could not be saved."
    texts = [made.text() for made in tab.notice.findChildren(QAbstractButton)]
    assert texts == ["Save elsewhere…", "Try again", "Details…"]
    broken["on"] = False
    again = next(
        made for made in tab.notice.findChildren(QAbstractButton) if made.text() == "Try again"
    )
    again.click()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(tab.stage.job.id).state is JobState.COMPLETED,
        timeout=PATIENCE,
    )
    assert not tab.notice.isVisible()


def test_queue_dock_lists_cancels_and_clears(qtbot, open_studio):
    studio = open_studio(step_seconds=0.05)
    tab, dock = studio.window.text_tab, studio.window.queue_dock.panel
    type_prompt(tab, "one")
    for _ in range(3):
        press_generate(tab)
    qtbot.waitUntil(lambda: dock.table_model.rowCount() == 3, timeout=PATIENCE)
    assert not dock.isVisible()  # the bar shows the jobs until the table is wanted
    QTest.mouseClick(studio.window.queue_bar.expand_button, Qt.MouseButton.LeftButton)
    dock.table.selectRow(2)
    QTest.keyClick(dock.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(
        lambda: dock.table_model.job_at(2).state is JobState.CANCELLED, timeout=PATIENCE
    )
    dock.job_actions.by_name["cancel_all"].trigger()
    qtbot.waitUntil(
        lambda: all(job.state.over for job in studio.shared.queue.jobs()), timeout=PATIENCE
    )
    dock.job_actions.by_name["clear"].trigger()
    qtbot.waitUntil(lambda: dock.table_model.rowCount() == 0, timeout=PATIENCE)


def test_drafts_last_tab_and_theme_survive_a_restart(qtbot, open_studio, data):
    studio = open_studio()
    type_prompt(studio.window.text_tab, "a draft 草稿")
    studio.window.text_tab.form.set_values({"num_beams": 4})
    studio.window.show_tab("image")
    studio.window.set_theme("dark")
    close_studio(studio)
    again = open_studio()
    assert again.window.text_tab.prompt.toPlainText() == "a draft 草稿"
    assert again.window.text_tab.form.values()["num_beams"] == 4
    assert again.window.current() is again.window.image_tab
    assert again.settings.theme == "dark"
    again.window.set_theme("system")


def test_damaged_settings_file_is_renamed_and_kept(open_studio, data):
    data.settings.write_text("{ not json")
    open_studio()
    assert list(data.root.glob("settings.damaged-*.json"))


def test_closing_asks_for_confirmation_while_a_job_runs(qtbot, open_studio, monkeypatch):
    studio = open_studio(step_seconds=0.1)
    tab = studio.window.text_tab
    type_prompt(tab, "x")
    press_generate(tab)
    qtbot.waitUntil(lambda: bool(tab.view.text()), timeout=PATIENCE)
    asked = []

    def answer(box):
        asked.append(box.text())
        next(made for made in box.buttons() if made.text() == "Stay").click()

    def watch():
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QMessageBox) and widget.isVisible():
                answer(widget)

    from PySide6.QtCore import QTimer

    timer = QTimer()
    timer.timeout.connect(watch)
    timer.start(50)
    assert not studio.window.close()
    timer.stop()
    assert asked
    assert studio.window.isVisible()
    job_id = tab.stage.job.id
    close_studio(studio)
    again = open_studio()
    qtbot.waitUntil(
        lambda: again.shared.queue.job(job_id).state is JobState.COMPLETED, timeout=PATIENCE
    )


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def test_dropped_artifact_fills_the_form(qtbot, open_studio, data):
    studio = open_studio()
    window = studio.window
    window.show_tab("image")
    window.image_tab.form.set_values({"width": 64, "height": 72, "num_inference_steps": 3})
    type_prompt(window.image_tab, "a 红 apple")
    press_generate(window.image_tab)
    qtbot.waitUntil(lambda: bool(window.image_tab.view.image.path), timeout=PATIENCE)
    path, seed = Path(window.image_tab.view.image.path), window.image_tab.stage.job.request.seed
    window.image_tab.prompt.setPlainText("other")
    window.image_tab.form.set_values({"height": 512})
    window.show_tab("text")
    drop(window, path)
    qtbot.waitUntil(lambda: window.image_tab.prompt.toPlainText() == "a 红 apple", timeout=PATIENCE)
    assert window.image_tab.form.values()["height"] == 72
    assert window.image_tab.form.values()["seed"] == str(seed)
    assert window.current() is window.image_tab


def test_dropped_batch_file_shows_its_rows_and_runs(qtbot, open_studio, data, tmp_path):
    studio = open_studio()
    path = tmp_path / "提示.csv"
    path.write_text(
        "prompt,max_new_tokens\n"
        + "".join(f"row {n},{'x' if n == 40 else 3}\n" for n in range(100)),
        encoding="utf-8",
    )
    drop(studio.window, path)
    qtbot.waitUntil(lambda: studio.window.findChild(BatchDialog) is not None, timeout=PATIENCE)
    dialog = studio.window.findChild(BatchDialog)
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    assert dialog.rows.rowCount() == 100
    assert "99 rows can run, 1 cannot" in dialog.summary.text()
    assert studio.shared.queue.jobs() == []
    dialog.only_bad.setChecked(True)
    assert dialog.rows.rowCount() == 1
    assert dialog.rows.index(0, 0).data() == "42"
    assert dialog.rows.index(0, 2).data() == "row 40"
    assert "whole number" in dialog.rows.index(0, 3).data()
    folder = tmp_path / "out"
    dialog.output.folder.setText(str(folder))
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(studio.shared.queue.batch_finished, timeout=PATIENCE):
        dialog.run_button.click()
    assert len(list(folder.glob("*.txt"))) == 99
    assert len((folder / "report.jsonl").read_text(encoding="utf-8").splitlines()) == 100


def test_prompt_template_is_resolved_while_typing(qtbot, open_studio, tmp_path):
    studio = open_studio()
    path = tmp_path / "cities.csv"
    path.write_text("topic,city\nspring,北京\nautumn,Köln\n", encoding="utf-8")
    dialog = BatchDialog(studio.shared, path, parent=studio.window)
    qtbot.waitUntil(
        lambda: "2 cannot" in dialog.summary.text(), timeout=PATIENCE
    )  # there is no column `prompt` yet
    dialog.prompts.template.setText("A poem about {{topic}} in {{city}}")
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    assert [dialog.rows.index(row, 2).data() for row in range(2)] == [
        "A poem about spring in 北京",
        "A poem about autumn in Köln",
    ]
    dialog.prompts.repeat.setValue(3)
    dialog.prompts.seeds.setCurrentIndex(dialog.prompts.seeds.findData("step"))
    qtbot.waitUntil(
        lambda: dialog.run_button.text() == "Run 6 rows" and dialog.run_button.isEnabled(),
        timeout=PATIENCE,
    )
    dialog.prompts.template.setText("A poem about {{topic")
    qtbot.waitUntil(lambda: "braces" in dialog.notice.message, timeout=PATIENCE)
    assert not dialog.run_button.isEnabled()


def test_invalid_name_template_blocks_the_run(qtbot, open_studio, tmp_path):
    studio = open_studio()
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    dialog = BatchDialog(studio.shared, path, parent=studio.window)
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    dialog.output.name.setText("../{row}")
    qtbot.waitUntil(lambda: "not a path" in dialog.notice.message, timeout=PATIENCE)
    assert not dialog.run_button.isEnabled()


CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox)


def test_every_control_has_a_name_and_a_tip_and_no_label_takes_html(qtbot, open_studio, tmp_path):
    studio = open_studio()
    for name in TABS:
        studio.window.show_tab(name)
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    roots = [
        studio.window,
        BatchDialog(studio.shared, path, parent=studio.window),
        ModelsDialog(studio.shared, studio.window),
    ]
    nameless, html = [], []
    for root in roots:
        for widget in root.findChildren(QWidget):
            own = not widget.objectName().startswith("qt_") and type(
                widget.parent()
            ).__name__ not in (
                "QMenuBar",
                "QDockWidget",
                "QTabBar",
            )
            named = widget.accessibleName() and widget.toolTip()
            if (
                isinstance(widget, CONTROLS)
                and own
                and not isinstance(widget.parent(), (QComboBox, QSpinBox))
                and not named
            ):
                nameless.append(
                    (
                        type(widget).__name__,
                        widget.objectName(),
                        widget.accessibleName(),
                        type(widget.parent()).__name__,
                    )
                )
            if (
                isinstance(widget, QLabel)
                and widget.textFormat() is not Qt.TextFormat.PlainText
                and widget.text()
            ):
                html.append(widget.text())
    assert nameless == []
    assert html == []


def test_markup_in_a_prompt_is_shown_as_plain_text(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    hostile = "<img src='file:///etc/passwd' width=9000><b>x</b>"
    tab.prompt.setPlainText(hostile)
    tab.view.set_text(0, hostile)
    press_generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert studio.window.queue_dock.panel.table_model.index(0, PROMPT).data() == hostile
    assert studio.window.width() < 3000


def test_narrowest_window_shows_the_main_controls(qtbot, open_studio):
    studio = open_studio()
    studio.window.resize(720, 480)
    qtbot.waitExposed(studio.window)
    tab = studio.window.text_tab
    for widget in (tab.generate_button, tab.stop_button, tab.stage):
        corner = widget.mapTo(studio.window, widget.rect().bottomRight())
        assert corner.x() <= studio.window.width()
        assert corner.y() <= studio.window.height()


def test_draft_is_saved_when_the_window_closes(open_studio, data):
    studio = open_studio()
    type_prompt(studio.window.text_tab, "x")
    close_studio(studio)
    assert load_drafts(data)["text"]["prompt"] == "x"


@pytest.mark.parametrize("size", [100, 300_000])
def test_long_unbroken_text_is_shown_in_linear_time(qtbot, open_studio, size):
    view = open_studio().window.text_tab.view
    for start in range(0, size, 5_000):
        view.append(0, "x" * min(5_000, size - start))
    qtbot.waitUntil(lambda: not view._timer.isActive(), timeout=PATIENCE)
    assert view.text() == "x" * size


def test_dropped_text_folder_is_a_batch_and_a_model_folder_is_not(qtbot, open_studio, tmp_path):
    studio = open_studio()
    texts = tmp_path / "提示词"
    texts.mkdir()
    for name in ("b", "a"):
        (texts / f"{name}.txt").write_text(f"prompt {name}", encoding="utf-8")
    drop(studio.window, texts)
    qtbot.waitUntil(lambda: studio.window.findChild(BatchDialog) is not None, timeout=PATIENCE)
    dialog = studio.window.findChild(BatchDialog)
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    assert [dialog.rows.index(row, 2).data() for row in range(2)] == ["prompt a", "prompt b"]
    dialog.reject()
    model = tmp_path / "model"
    model.mkdir()
    (model / "merges.txt").write_text("a b")
    (model / "config.json").write_text("{}")
    drop(studio.window, model)
    qtbot.waitUntil(lambda: studio.window.findChild(ModelsDialog) is not None, timeout=PATIENCE)


def test_the_form_can_be_hidden_and_comes_back_when_it_is_needed(qtbot, open_studio):
    studio = open_studio()
    window = studio.window
    text, entry = window.text_tab, window._actions["toggle_form"]
    assert entry.isChecked()
    width = text.stage.width()
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert not text.form_side.isVisible()
    assert not entry.isChecked()
    qtbot.waitUntil(lambda: text.stage.width() > width, timeout=PATIENCE)
    window.show_tab("audio")
    assert not window.audio_tab.music.form_side.isVisible()  # built since
    window.show_kind("music")
    assert window.audio_tab.music.form_side.isVisible()
    window.show_tab("text")
    QTest.keyClick(text.stage, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert text.form_side.isVisible()  # with the hint that the prompt is missing
    QTest.keyClick(window, Qt.Key.Key_F9)
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert text.form_side.isVisible()
    assert QApplication.focusWidget() is text.prompt
