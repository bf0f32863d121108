"""The form: sliders, advanced settings, resets, hidden fields, ratios, height, alternatives."""

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QToolButton

from studio.core.requests import TextRequest
from studio.ui.widgets.request_form import RequestForm
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate


@pytest.fixture
def form(qtbot):
    widget = RequestForm(TextRequest, skip=("prompt", "model", "system_prompt"))
    qtbot.addWidget(widget)
    widget.set_defaults({"temperature": 0.7})
    widget.show()
    return widget


def reset_button(field) -> QToolButton | None:
    return next(
        (
            one
            for one in field.findChildren(QToolButton)
            if one.accessibleName() == f"Reset {field.info.meta.title}"
        ),
        None,
    )


def test_slider_and_number_follow_each_other(form):
    field = form.fields["temperature"]
    QTest.keyClick(field.slider, Qt.Key.Key_End)
    assert field.value() == 1.5
    field.set_value(0.33)
    assert field.slider.value() == round(0.33 / 0.05)
    assert field.value() == 0.33, "a value between two positions stays"


def test_number_beyond_the_slider_stays(form):
    field = form.fields["max_new_tokens"]
    field.set_value(5000)
    assert field.value() == 5000
    assert field.slider.value() == field.slider.maximum()


def test_advanced_settings_are_shown_on_demand(form, qtbot):
    assert form.fields["temperature"].isVisible()
    assert not form.fields["top_k"].isVisible()
    with qtbot.waitSignal(form.expanded_changed) as shown:
        QTest.mouseClick(form.advanced_button, Qt.MouseButton.LeftButton)
    assert shown.args == [True]
    assert form.fields["top_k"].isVisible()


def test_a_schema_comes_from_a_file(form, qtbot, tmp_path, monkeypatch):
    field = form.fields["json_schema"]
    (button,) = [
        one for one in field.findChildren(QToolButton) if "Open a file" in one.accessibleName()
    ]
    path = tmp_path / "cat.json"
    path.write_text('{\n  "type": "object"\n}', encoding="utf-8")
    names = iter([str(path), str(tmp_path / "missing.json")])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_more: (next(names), ""))
    button.click()
    qtbot.waitUntil(
        lambda: json.loads(field.value() or "0") == {"type": "object"}, timeout=PATIENCE
    )
    button.click()
    qtbot.waitUntil(lambda: not field.findChildren(QLabel)[-1].isHidden(), timeout=PATIENCE)
    assert "No such file" in field.findChildren(QLabel)[-1].text()
    assert json.loads(field.value()) == {"type": "object"}, "it keeps what was read"


def test_changed_settings_out_of_sight_are_counted(form):
    form.fields["repetition_penalty"].set_value(1.5)
    assert form.advanced_button.text() == "Advanced (1 changed)"
    form.advanced_button.click()
    assert form.advanced_button.text() == "Advanced"


def test_one_setting_is_reset_to_the_default_of_the_model(form):
    field = form.fields["temperature"]
    assert reset_button(field) is None
    field.set_value(1.2)
    QTest.mouseClick(reset_button(field), Qt.MouseButton.LeftButton)
    assert field.value() == 0.7
    assert not reset_button(field).isVisible()
    assert not form.is_edited("temperature")


def test_all_settings_are_reset(form, qtbot):
    assert not form.reset_button.isVisible()
    form.fields["temperature"].set_value(1.2)
    form.fields["top_k"].set_value(3)
    with qtbot.waitSignal(form.was_reset) as reset:
        QTest.mouseClick(form.reset_button, Qt.MouseButton.LeftButton)
    assert form.values()["temperature"] == 0.7
    assert form.values()["top_k"] == TextRequest(prompt="x").top_k
    reset.args[0]()
    assert (form.values()["temperature"], form.values()["top_k"]) == (1.2, 3)


def test_settings_without_effect_are_hidden(form):
    form.advanced_button.click()
    form.fields["num_beams"].set_value(4)
    for name in ("temperature", "top_p", "top_k"):
        assert not form.fields[name].isVisible(), name
    assert form.fields["num_beams"].isVisible()
    form.fields["num_beams"].set_value(1)
    assert form.fields["temperature"].isVisible()
    form.fields["temperature"].set_value(0)
    assert not form.fields["top_k"].isVisible()


def test_field_keeps_the_focus_when_others_are_hidden(form, qtbot):
    form.advanced_button.click()
    editor = form.fields["num_beams"].editor
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert form.values()["num_beams"] == 2
    assert editor.hasFocus()


# In the window
# ----------------------------------------------------------------------


def test_advanced_settings_stay_open_after_a_restart(qtbot, open_studio):
    studio = open_studio()
    studio.window.text_tab.form.advanced_button.click()
    assert studio.window.shared.settings.advanced_shown == {"text": True}
    again = type(studio.window.text_tab)(studio.window.shared)
    qtbot.addWidget(again)
    assert again.form.advanced_button.isChecked()


def test_reset_of_all_settings_can_be_undone(open_studio):
    tab = open_studio().window.text_tab
    tab.form.fields["temperature"].set_value(1.2)
    QTest.mouseClick(tab.form.reset_button, Qt.MouseButton.LeftButton)
    assert tab.form.values()["temperature"] != 1.2
    undo = [one for one in tab.window().findChildren(QPushButton) if one.text() == "Undo"][-1]
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert tab.form.values()["temperature"] == 1.2


def test_ratio_keeps_the_number_of_pixels_and_sides_are_swapped(open_studio):
    tab = open_studio().window.image_tab
    tab.form.set_values({"width": 512, "height": 512})
    assert tab.ratio.list.currentText() == "1:1"
    tab.ratio.list.setCurrentIndex(tab.ratio.list.findText("16:9"))
    tab.ratio.list.activated.emit(tab.ratio.list.currentIndex())
    values = tab.form.values()
    assert abs(values["width"] / values["height"] - 16 / 9) < 0.03
    assert abs(values["width"] * values["height"] / 512**2 - 1) < 0.05
    QTest.mouseClick(tab.ratio.swap, Qt.MouseButton.LeftButton)
    swapped = tab.form.values()
    assert (swapped["width"], swapped["height"]) == (values["height"], values["width"])
    assert tab.ratio.list.currentText() == "9:16"
    tab.form.set_values({"width": 512, "height": 200})
    assert tab.ratio.list.currentText() == "Custom"


def test_prompt_is_made_higher_with_mouse_and_keyboard(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    before = tab.prompt.height()
    QTest.mousePress(tab.prompt_box.handle, Qt.MouseButton.LeftButton, pos=QPoint(20, 3))
    QTest.mouseMove(tab.prompt_box.handle, QPoint(20, 83))
    QTest.mouseRelease(tab.prompt_box.handle, Qt.MouseButton.LeftButton, pos=QPoint(20, 83))
    assert tab.prompt.height() > before
    QTest.keyClick(tab.prompt_box.handle, Qt.Key.Key_Up)
    height = tab.prompt.height()
    assert studio.window.shared.settings.prompt_heights == {"text": height}


def test_every_alternative_becomes_a_job(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.image_tab
    studio.window.show_tab("image")
    tab.prompt.replace_text("a {red|blue} {cat|bird}")
    assert tab.alternatives.isVisible()
    tab.alternatives.choice.setCurrentIndex(tab.alternatives.choice.findData("all"))
    press_generate(tab)
    queue = studio.window.shared.queue
    qtbot.waitUntil(lambda: len(queue.jobs()) == 4, timeout=PATIENCE)
    assert {job.request.prompt for job in queue.jobs()} == {
        "a red cat",
        "a red bird",
        "a blue cat",
        "a blue bird",
    }


def test_braces_in_a_text_prompt_are_kept_unless_chosen(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    tab.prompt.replace_text("Explain the regular expression {1|2}")
    assert tab.alternatives.isVisible()
    press_generate(tab)
    queue = studio.window.shared.queue
    qtbot.waitUntil(lambda: len(queue.jobs()) == 1, timeout=PATIENCE)
    assert queue.jobs()[0].request.prompt == "Explain the regular expression {1|2}"


def test_unknown_wildcard_file_is_a_problem_of_the_prompt(qtbot, open_studio):
    tab = open_studio().window.image_tab
    tab.prompt.replace_text("a {red|blue} __bird__")
    qtbot.waitUntil(lambda: not tab.generate_button.isEnabled(), timeout=PATIENCE)
    tab.alternatives.choice.setCurrentIndex(tab.alternatives.choice.findData("off"))
    assert tab.generate_button.isEnabled()
