"""The source image panel in the real window."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from studio.core.jobs import JobState
from studio.library.artifacts import read_recipe
from studio.models.card import fake_card
from studio.models.catalog import entry_named
from studio.ui.app_state import AppState
from studio.ui.widgets.toast import Toast

PATIENCE = 30_000


@pytest.fixture
def studio(open_studio):
    studio = open_studio()
    studio.window.show_tab("image")
    return studio


@pytest.fixture
def tab(studio):
    return studio.window.image_tab


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "一张照片 with a rather long name, as cameras and phones give them.png"
    Image.fromarray(np.full((40, 80, 3), (30, 120, 200), np.uint8)).save(path)
    return path


def with_cards(tab, monkeypatch, *cards):
    monkeypatch.setattr(AppState, "cards", lambda _shared, _kind: list(cards))
    tab.refresh_models()


def wait_seen(qtbot, tab):
    qtbot.waitUntil(lambda: tab.source._preview is not None, timeout=PATIENCE)


def drop(widget, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    inside, buttons = QPointF(5, 5), Qt.MouseButton.LeftButton
    widget.dropEvent(
        QDropEvent(inside, Qt.DropAction.CopyAction, data, buttons, Qt.KeyboardModifier.NoModifier)
    )


def generate(qtbot, tab):
    tab.generate()
    qtbot.waitUntil(
        lambda: tab.stage.job is not None and tab.stage.job.state is JobState.COMPLETED,
        timeout=PATIENCE,
    )
    qtbot.waitUntil(lambda: bool(tab.view.image.path), timeout=PATIENCE)
    return Path(tab.view.image.path)


def test_image_is_chosen_shown_and_removed(tab, qtbot, photo):
    given = tab.source
    assert given.choose_button.isVisible()
    assert given.choose_button.text() == "Start from an image…"
    assert not given.slider.isVisible()
    tab.prompt.setPlainText("红苹果")
    tab.form.set_values({"width": 64, "height": 64})
    given.set_path(str(photo))
    wait_seen(qtbot, tab)
    assert given.slider.isVisible()
    assert given.paint_button.isVisible()
    assert not given.thumbnail.pixmap().isNull()
    assert "80\u00a0×\u00a040" in given._name.text()
    assert given._message.text() == "Cropped at the sides and enlarged to 64 × 64."
    given.slider.setValue(40)
    request = tab.request()
    assert (request.image, request.strength, request.mask_image) == (str(photo), 0.4, "")
    assert given.shape_button.isVisible()
    given.shape_button.click()
    assert (tab.request().width, tab.request().height) == (88, 48)
    tab.form.set_values({"width": 80, "height": 40})
    assert not given.shape_button.isVisible()
    given.clear_button.click()
    assert tab.request().image == ""
    assert not given.slider.isVisible()


def test_draft_restores_image_and_strength(tab, qtbot, photo):
    tab.prompt.setPlainText("a cat")
    tab.source.set_path(str(photo))
    tab.source.set_values({"strength": 0.333})
    wait_seen(qtbot, tab)
    draft = tab.shared.draft("image")
    tab.set_values({"prompt": "b", "image": "", "strength": 0.9})
    assert tab.request().image == ""
    tab.set_values(draft)
    assert tab.request().image == str(photo)
    assert tab.request().strength == 0.333, "and not what the slider rounds it to"


def test_unusable_image_is_reported_and_blocks_generate(tab, qtbot, tmp_path):
    tab.prompt.setPlainText("a cat")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name, why in (("gone.png", "does not exist"), ("broken.png", "is not a PNG")):
        tab.source.set_path(str(tmp_path / name))
        qtbot.waitUntil(lambda: bool(tab.source.problem), timeout=PATIENCE)
        assert why in tab.source._message.text()
        assert why in tab._hint.text()
        assert not tab.generate_button.isEnabled()
    tab.source.set_path("")
    assert tab.generate_button.isEnabled()


def test_panel_follows_the_models_capabilities(tab, qtbot, photo, monkeypatch):
    tab.prompt.setPlainText("a cat")
    tab.source.set_path(str(photo))
    sana, kontext, fill = (
        entry_named(name).card for name in ("sana-1.6b", "flux.1-kontext-dev", "flux.1-fill-dev")
    )
    with_cards(tab, monkeypatch, sana, kontext, fill, fake_card("image"))
    tab.choose_model(sana.name)
    assert tab.card == sana
    assert not tab.source.isVisible()
    assert not tab.stage.start_button.isVisible()
    assert tab.request().image == ""
    tab.choose_model(kontext.name)
    assert tab.source.isVisible()
    assert not tab.source.slider.isVisible(), "it has no strength"
    assert tab.request().image == str(photo)
    tab.choose_model(fill.name)
    assert "add a mask" in tab._hint.text()
    tab.source.set_path("")
    assert "add an image" in tab._hint.text()
    assert tab.source.choose_button.text() == "Choose the image to change…"
    assert tab.source._strength == 1.0, "as its card says"


def test_strength_and_steps_are_checked_together(tab, qtbot, photo):
    tab.prompt.setPlainText("a cat")
    tab.source.set_path(str(photo))
    wait_seen(qtbot, tab)
    tab.form.set_values({"num_inference_steps": 1})
    assert "less than one step" in tab._hint.text()
    tab.source.slider.setValue(100)
    assert tab.generate_button.isEnabled()


def test_result_becomes_the_next_source_image(tab, qtbot):
    tab.prompt.setPlainText("a cat")
    tab.form.set_values({"width": 64, "height": 64, "num_inference_steps": 2})
    assert not tab.stage.start_button.isEnabled()
    first = generate(qtbot, tab)
    tab.stage.start_button.click()
    wait_seen(qtbot, tab)
    second = generate(qtbot, tab)
    qtbot.waitUntil(lambda: Path(tab.view.image.path) != first, timeout=PATIENCE)
    second = Path(tab.view.image.path)
    assert read_recipe(second).request.image == str(first)


def test_dropped_image_becomes_source_or_fills_the_form(studio, tab, qtbot, photo):
    studio.window.show_tab("text")
    drop(studio.window, photo)
    qtbot.waitUntil(lambda: tab.source.path == str(photo), timeout=PATIENCE)
    assert studio.window.current() is tab
    wait_seen(qtbot, tab)
    tab.prompt.setPlainText("a cat")
    tab.form.set_values({"width": 64, "height": 64, "num_inference_steps": 2})
    result = generate(qtbot, tab)
    tab.set_values({"prompt": "something else", "image": ""})
    drop(studio.window, result)
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "a cat", timeout=PATIENCE)
    assert tab.source.path == str(photo), "as it was made"
    qtbot.waitUntil(lambda: tab.view.image.path == str(result), timeout=PATIENCE)
    tab.stage.start_button.click()
    assert tab.source.path == str(result)
    drop(tab.source, photo)
    assert tab.source.path == str(photo), (
        "an image dropped on the panel is a source image even with a recipe"
    )


def test_another_image_removes_the_mask(tab, qtbot, photo, tmp_path):
    tab.prompt.setPlainText("a cat")
    mask = tmp_path / "mask.png"
    Image.new("L", (80, 40), 255).save(mask)
    tab.source.set_path(str(photo))
    tab.source.set_mask(str(mask))
    wait_seen(qtbot, tab)
    assert tab.request().mask_image == str(mask)
    for size, white, why in (
        ((40, 80), 255, "need the same shape"),
        ((80, 40), 0, "no white areas"),
    ):
        other = tmp_path / f"{why}.png"
        Image.new("L", size, white).save(other)
        tab.source.set_mask(str(other))
        wait_seen(qtbot, tab)
        assert why in tab._hint.text()
    tab.source.set_path(str(mask))
    assert tab.request().mask_image == ""


def test_missing_image_to_image_model_is_reported(tab, photo, monkeypatch, qtbot):
    with_cards(tab, monkeypatch, entry_named("sana-1.6b").card)
    with qtbot.waitSignal(tab.shared.toast_posted, timeout=PATIENCE) as message:
        tab.start_from(photo)
    assert message.args == [Toast("No installed model can start from an image")]
    able = msgspec.structs.replace(fake_card("image"), name="other")
    with_cards(tab, monkeypatch, entry_named("sana-1.6b").card, able)
    tab.start_from(photo)
    assert tab.card == able


def test_every_control_has_a_name(tab, qtbot, photo):
    tab.source.set_path(str(photo))
    wait_seen(qtbot, tab)
    given = tab.source
    controls = [
        given.choose_button,
        given.clear_button,
        given.slider,
        given.paint_button,
        given.mask_button,
        given.shape_button,
        given.unmask_button,
        tab.stage.start_button,
        tab.stage.edit_button,
    ]
    assert all(control.accessibleName() or control.text() for control in controls)
    assert all(control.toolTip() for control in controls)
