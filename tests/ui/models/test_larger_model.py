"""The larger text model in the window: offer, installation from a local index, first use."""

import os
import time

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.core.settings_store import load_settings, update
from studio.models import catalog, larger
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.memory.hardware import Machine
from studio.models.registry import ModelRegistry
from studio.ui.models.starter_models import LARGER_TITLES, SMALL_TEXT_MODELS
from tests.models.install.test_catalog_install import make_entry
from tests.ui.conftest import PATIENCE, close_studio

LARGE = "qwen2.5-coder-1.5b-instruct"
SMALL = ModelCard(
    name=larger.SMALL,
    title="SmolLM2 135M Instruct",
    kind="text",
    runner="transformers",
    languages=("en",),
    parameters=larger.SMALL_PARAMETERS,
    added="2026-01-01T00:00:00+00:00",
)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Replace the larger models by one of three small wheels in a local folder."""
    folder = tmp_path / "wheels"
    entry = make_entry(folder, np.random.default_rng(0).bytes(900_000))
    card = msgspec.structs.replace(
        SMALL,
        name=LARGE,
        title=LARGER_TITLES[LARGE],
        description="Good English and Chinese.",
        languages=("en", "zh"),
        parameters=10**6,
    )
    entry = msgspec.structs.replace(entry, card=card)
    monkeypatch.setattr(catalog, "entry_named", lambda _name: entry)
    monkeypatch.setattr(larger, "quick_machine", lambda: Machine(16 * 10**9, 16 * 10**9))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def open_window(open_studio, wheels, data, qtbot):
    """Return a function that opens the window of a data folder with the small starter."""
    put(data, SMALL)

    def start():
        studio = open_studio()
        studio.shared.fake = False
        with qtbot.waitSignal(studio.shared.models_changed, timeout=PATIENCE):
            studio.shared.reload_models()
        return studio

    return start


def put(data, card: ModelCard) -> None:
    folder = card_folder(data, card.name)
    folder.mkdir(parents=True, exist_ok=True)
    write_card(card, folder)


def buttons(notice) -> dict[str, QPushButton]:
    return {made.text(): made for made in notice.findChildren(QPushButton) if made.isVisible()}


def press(notice, text: str) -> None:
    QTest.mouseClick(buttons(notice)[text], Qt.MouseButton.LeftButton)


def toasts(studio) -> list:
    shown = []
    studio.shared.toast_posted.connect(shown.append)
    return shown


def own(data) -> list[str]:
    return [card.name for card in ModelRegistry(data).list() if not card.builtin]


def test_table_of_titles_is_that_of_the_catalog():
    assert set(LARGER_TITLES) == set(larger.LARGER)
    for name, title in LARGER_TITLES.items():
        assert catalog.entry_named(name).card.title == title
    assert SMALL_TEXT_MODELS[0] == larger.SMALL
    assert set(SMALL_TEXT_MODELS) < {larger.SMALL, *larger.LARGER}


def test_card_leads_from_get_it_to_the_form_and_undo_leads_back(open_window, data, qtbot):
    studio = open_window()
    window, banner = studio.window, studio.window.install_banner
    window.show_tab("text")
    form = window.text_tab
    form.prompt.setPlainText("half a thought")
    assert form.model.currentData() == larger.SMALL
    qtbot.waitUntil(banner.larger.isVisible, timeout=PATIENCE)
    shown = banner.larger.accessibleName()
    assert "Qwen2.5 Coder 1.5B Instruct. Good English and Chinese." in shown
    assert "too small for:" in shown
    assert "Summary" in shown
    assert "to download" in shown
    assert "Mbit/s" in shown
    posted = toasts(studio)
    press(banner.larger, next(text for text in buttons(banner.larger) if "Get it" in text))
    assert not banner.larger.isVisible()
    assert "Qwen2.5 Coder 1.5B Instruct" in banner.banner.message
    assert "It writes good English, Chinese and code." in banner.banner.accessibleName()
    assert list(buttons(banner.banner)) == ["Cancel"]
    assert banner.bar.isVisible()
    qtbot.waitUntil(lambda: "Try it" in buttons(banner.banner), timeout=PATIENCE)
    assert set(own(data)) == {larger.SMALL, LARGE}
    assert form.model.currentData() == LARGE
    assert form.prompt.toPlainText() == "half a thought"
    assert studio.shared.settings.default_models == {}
    toast = next(toast for toast in posted if toast.button)
    assert "Qwen2.5 Coder 1.5B Instruct" in toast.text
    toast.action()
    assert form.model.currentData() == larger.SMALL
    assert studio.shared.settings.default_models == {"text": larger.SMALL}
    qtbot.waitUntil(lambda: not load_settings(data).pending_installs, timeout=PATIENCE)


def test_form_that_is_not_built_yet_begins_with_the_larger_model(open_window, data, qtbot):
    (data.root / "drafts.json").unlink(missing_ok=True)
    update(data, {"last_tab": 1})
    studio = open_window()
    studio.shared.keep_draft("text", {"model": larger.SMALL, "prompt": "rain"})
    studio.window.install_banner.install(LARGE)
    qtbot.waitUntil(lambda: len(studio.shared.cards("text")) == 2, timeout=PATIENCE)
    form = studio.window.text_tab
    assert form.model.currentData() == LARGE
    assert form.prompt.toPlainText() == "rain"


def test_chosen_default_stays(open_window, data, qtbot):
    update(data, {"default_models": {"text": larger.SMALL}})
    studio = open_window()
    studio.window.show_tab("text")
    posted = toasts(studio)
    studio.window.install_banner.install(LARGE)
    qtbot.waitUntil(lambda: len(studio.shared.cards("text")) == 2, timeout=PATIENCE)
    assert studio.window.text_tab.model.currentData() == larger.SMALL
    assert not [toast for toast in posted if toast.button]


def test_waiting_job_that_is_edited_keeps_its_model(open_window, data, qtbot):
    studio = open_window()
    studio.window.show_tab("text")
    form = studio.window.text_tab
    studio.shared.queue.pause()
    form.prompt.setPlainText("rain")
    form.generate()
    qtbot.waitUntil(lambda: bool(studio.shared.queue.jobs()), timeout=PATIENCE)
    form.edit(studio.shared.queue.jobs()[0])
    studio.window.install_banner.install(LARGE)
    qtbot.waitUntil(lambda: len(studio.shared.cards("text")) == 2, timeout=PATIENCE)
    assert form.model.currentData() == larger.SMALL
    press(form.editing, "Don't change")
    assert form.model.currentData() == LARGE


def test_not_now_is_remembered(open_window, data, qtbot):
    studio = open_window()
    card = studio.window.install_banner.larger
    qtbot.waitUntil(card.isVisible, timeout=PATIENCE)
    press(card, "Not now")
    assert not card.isVisible()
    qtbot.waitUntil(lambda: load_settings(data).larger_declined, timeout=PATIENCE)
    studio.shared.models_changed.emit()
    QTest.qWait(1)
    assert not card.isVisible()


def test_no_card_with_another_text_model(open_window, data, qtbot):
    put(data, msgspec.structs.replace(SMALL, name="own"))
    studio = open_window()
    assert len(studio.shared.cards("text")) == 2
    QTest.qWait(1)
    assert not studio.window.install_banner.larger.isVisible()


def test_model_that_was_asked_for_is_installed_without_a_click(open_window, data, qtbot):
    update(data, {"pending_installs": {LARGE: True}})
    studio = open_window()
    qtbot.waitUntil(lambda: LARGE in own(data), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not load_settings(data).pending_installs, timeout=PATIENCE)
    assert not studio.window.install_banner.larger.isVisible()


def test_closed_window_goes_on_at_the_next_start(open_window, data, wheels, qtbot):
    last = wheels / "part_3-1.0-py3-none-any.whl"
    kept = last.read_bytes()
    last.unlink()
    os.mkfifo(last)  # pip waits for its content
    studio = open_window()
    studio.window.install_banner.install(LARGE)
    second = data.downloads / LARGE / "part_2-1.0-py3-none-any.whl"
    qtbot.waitUntil(second.exists, timeout=PATIENCE)
    close_studio(studio)
    assert own(data) == [larger.SMALL]
    assert load_settings(data).pending_installs == {LARGE: True}
    last.unlink()
    last.write_bytes(kept)
    for number in (1, 2):
        (wheels / f"part_{number}-1.0-py3-none-any.whl").unlink()  # not fetched again
    (data.downloads / LARGE / "lock").write_text(f"{2**22 + 3}-{int(time.time())}")  # of a kill
    open_window()
    qtbot.waitUntil(lambda: LARGE in own(data), timeout=PATIENCE)


def test_failure_is_shown_once(open_window, data, qtbot):
    update(data, {"pending_installs": {LARGE: True}, "offline": True})
    studio = open_window()
    banner = studio.window.install_banner
    qtbot.waitUntil(lambda: "Try again" in buttons(banner.banner), timeout=PATIENCE)
    assert "offline" in banner.banner.message
    qtbot.waitUntil(lambda: not load_settings(data).pending_installs, timeout=PATIENCE)
    close_studio(studio)
    studio = open_window()
    banner = studio.window.install_banner
    qtbot.waitUntil(banner.larger.isVisible, timeout=PATIENCE)
    assert not banner.banner.isVisible()


def test_missing_file_is_explained_and_tried_again(open_window, data, wheels, qtbot):
    file = wheels / "part_2-1.0-py3-none-any.whl"
    away = file.rename(wheels / "away")
    update(data, {"pending_installs": {LARGE: True}})
    studio = open_window()
    banner = studio.window.install_banner
    qtbot.waitUntil(lambda: "Try again" in buttons(banner.banner), timeout=PATIENCE)
    assert banner.banner.message == (
        "Qwen2.5 Coder 1.5B Instruct: The package index does not have part-2==1.0."
    )
    away.rename(file)
    press(banner.banner, "Try again")
    qtbot.waitUntil(lambda: LARGE in own(data), timeout=PATIENCE)


def test_cancel_ends_it_also_for_the_next_start(open_window, data, qtbot):
    studio = open_window()
    banner = studio.window.install_banner
    banner.install(LARGE)
    press(banner.banner, "Cancel")
    qtbot.waitUntil(lambda: banner.installer is None, timeout=PATIENCE)
    assert "stopped" in banner.banner.message
    assert studio.shared.settings.pending_installs == {}
    press(banner.banner, "Close")
    qtbot.waitUntil(banner.larger.isVisible, timeout=PATIENCE)


def test_second_installation_follows_the_first(open_window, data, qtbot, monkeypatch):
    large = catalog.entry_named(LARGE)
    voice = msgspec.structs.replace(large.card, name="voice", kind="speech", runner="kokoro")
    other = msgspec.structs.replace(large, card=voice)
    monkeypatch.setattr(catalog, "entry_named", lambda name: large if name == LARGE else other)
    studio = open_window()
    posted = toasts(studio)
    banner = studio.window.install_banner
    banner.install(LARGE)
    banner.install("kokoro")
    assert [toast.text for toast in posted] == ["Kokoro 82M is installed next"]
    qtbot.waitUntil(lambda: "voice" in own(data), timeout=PATIENCE)
    assert LARGE in own(data)
    qtbot.waitUntil(lambda: not load_settings(data).pending_installs, timeout=PATIENCE)


def test_prompt_in_chinese_leads_to_the_card_even_if_it_was_declined(open_window, data, qtbot):
    update(data, {"larger_declined": True})
    studio = open_window()
    studio.window.show_tab("text")
    form, card = studio.window.text_tab, studio.window.install_banner.larger
    note = form.language_note
    QTest.keyClicks(form.prompt, "A headline about rain")
    assert not note.isVisible()
    form.prompt.setPlainText("为一篇关于雨的文章写一个标题")
    qtbot.waitUntil(note.isVisible, timeout=PATIENCE)
    assert note.message == (
        "SmolLM2 135M Instruct knows English, and the prompt seems to be in Chinese."
    )
    assert not card.isVisible()
    press(note, "Get a model that does…")
    qtbot.waitUntil(card.isVisible, timeout=PATIENCE)
    form.prompt.setPlainText("A headline about rain")
    qtbot.waitUntil(lambda: not note.isVisible(), timeout=PATIENCE)


def test_prompt_in_chinese_leads_to_an_installed_model(open_window, data, qtbot):
    own_card = msgspec.structs.replace(SMALL, name="own", title="Own", languages=("en", "zh"))
    put(data, own_card)
    studio = open_window()
    studio.window.show_tab("text")
    form = studio.window.text_tab
    form.choose_model(larger.SMALL)
    form.prompt.setPlainText("为一篇关于雨的文章写一个标题")
    qtbot.waitUntil(form.language_note.isVisible, timeout=PATIENCE)
    press(form.language_note, "Use Own")
    assert form.model.currentData() == "own"
    qtbot.waitUntil(lambda: not form.language_note.isVisible(), timeout=PATIENCE)


def test_no_download_is_offered_for_a_language_that_no_model_knows(open_window, data, qtbot):
    studio = open_window()
    studio.window.show_tab("text")
    form = studio.window.text_tab
    form.prompt.setPlainText("雨についての見出しを書いてください")
    qtbot.waitUntil(form.language_note.isVisible, timeout=PATIENCE)
    assert "Japanese" in form.language_note.message
    assert buttons(form.language_note) == {}


def test_reason_is_shown_if_no_larger_model_fits(open_window, data, qtbot, monkeypatch):
    monkeypatch.setattr(larger, "quick_machine", lambda: Machine(10**9, 10**9))
    studio = open_window()
    posted = toasts(studio)
    studio.shared.larger_requested.emit()
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    assert posted[0].text == "No larger text model fits this computer. It has 1.0 GB of memory."
    assert not studio.window.install_banner.larger.isVisible()
