"""The card of the first start, in the real window."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from studio.models import catalog
from studio.models.card import fake_card
from studio.models.install.catalog_install import disk_needed
from studio.models.install.wheel_download import InstallProgress
from studio.ui.models.install_banner import InstallPace
from studio.ui.models.starter_models import STARTER_MODELS, TRANSCRIPTION_MODEL


@pytest.fixture
def window(open_studio, monkeypatch):
    """Return the window of a data folder without a text model."""
    studio = open_studio()
    kept = [card for card in studio.shared.all_cards() if card.kind != "text"]
    monkeypatch.setattr(studio.shared, "_cards", kept)
    studio.shared.models_changed.emit()
    return studio.window


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize(
    "model", [*STARTER_MODELS, TRANSCRIPTION_MODEL], ids=lambda model: model.alias
)
def test_the_costs_are_those_of_the_catalog(model):
    entry = catalog.entry_named(model.alias)
    assert (model.name, model.title, model.kind) == (
        entry.card.name,
        entry.card.title,
        entry.card.kind,
    )
    assert model.download == sum(wheel.size for wheel in entry.download.wheels)
    assert model.disk == disk_needed(entry)


def test_the_card_names_models_costs_and_what_works(window):
    card = window.install_banner.offer
    assert card.isVisible()
    shown = " ".join(texts(card))
    assert "93 MB to download · 191 MB of disk space" in shown
    assert "63 MB to download · 155 MB of disk space" in shown
    visible = [name for name, made in card.kind_buttons.items() if made.isVisible()]
    assert sorted(visible) == ["image", "music", "speech"]


def test_what_works_is_one_click_away(window):
    card = window.install_banner.offer
    for name in ("music", "image", "speech"):
        QTest.mouseClick(card.kind_buttons[name], Qt.MouseButton.LeftButton)
        assert window.current().kind == name
        assert window.current().examples_page.isVisible()


def test_not_now_is_remembered(window):
    card = window.install_banner.offer
    card.later_button.click()
    assert not card.isVisible()
    assert window.shared.settings.starter_declined
    window.shared.models_changed.emit()
    assert not card.isVisible()


def test_an_installed_model_is_not_offered(window, monkeypatch):
    card = window.install_banner.offer
    voice = msgspec.structs.replace(fake_card("speech"), name="kokoro-82m")
    monkeypatch.setattr(window.shared, "_cards", [*window.shared.all_cards(), voice])
    window.shared.models_changed.emit()
    assert card.get_buttons["starter"].isVisible()
    assert not card.get_buttons["kokoro"].isVisible()


def test_a_text_model_ends_the_offer(window, monkeypatch):
    monkeypatch.setattr(window.shared, "_cards", [fake_card("text")])
    window.shared.models_changed.emit()
    assert not window.install_banner.offer.isVisible()


def test_everything_on_the_card_is_inside_a_narrow_window(window):
    window.resize(720, 480)
    card = window.install_banner.offer
    QTest.qWait(1)
    for made in (*card.get_buttons.values(), *card.kind_buttons.values(), card.later_button):
        if made.isVisible():
            corner = made.mapTo(window, made.rect().bottomRight())
            assert corner.x() < window.width()


def test_progress_names_stage_amount_and_time_left():
    pace = InstallPace("SmolLM2")
    first = pace.describe(InstallProgress("Downloading", 10_000_000, 90_000_000), 100.0)
    assert first == "SmolLM2 · Downloading · 10 MB of 90 MB"
    later = pace.describe(InstallProgress("Downloading", 30_000_000, 90_000_000), 110.0)
    assert later == "SmolLM2 · Downloading · 30 MB of 90 MB · about 30 s left"
    assert pace.describe(InstallProgress("Converting"), 120.0) == "SmolLM2 · Converting"


def test_resumed_download_counts_only_its_own_bytes():
    pace = InstallPace("SmolLM2")
    pace.describe(InstallProgress("Downloading", 80_000_000, 90_000_000), 100.0)
    text = pace.describe(InstallProgress("Downloading", 85_000_000, 90_000_000), 150.0)
    assert text.endswith("about 50 s left")
    text = pace.describe(InstallProgress("Downloading", 90_000_000, 90_000_000), 160.0)
    assert text == "SmolLM2 · Downloading · 90 MB of 90 MB"
