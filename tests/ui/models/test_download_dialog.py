"""The download dialog in the real window, with a hub on loopback."""

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication

from studio.core.settings_store import load_settings
from studio.models.hub.credentials import SERVICE
from studio.models.hub.download_folder import partial_downloads
from studio.models.hub.repository import FOLDER_PREFIX
from studio.models.registry import ModelRegistry
from studio.ui.models import download_thread
from studio.ui.models.dialog import ModelsDialog
from studio.ui.models.download_dialog import DownloadDialog
from studio.ui.models.hub_dialog import HubDialog
from studio.ui.models.partial_downloads import PartialDownloads
from studio.ui.widgets.factory import size_text
from tests.checkpoints.text import make_gpt2
from tests.models.hub.keyrings import MemoryKeyring, in_use
from tests.models.hub.server import Fault, LoopbackHub, files_of
from tests.models.made import make_gguf
from tests.ui.conftest import PATIENCE, close_studio

WEIGHTS = "model.safetensors"


@pytest.fixture
def kept():
    with in_use(MemoryKeyring()) as memory:
        yield memory.kept


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "gpt2"
    make_gpt2(folder, 8_000)
    return files_of(folder)


@pytest.fixture
def hub(gpt2, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with LoopbackHub() as hub:
        hub.add(
            "org/tiny",
            {**gpt2, "LICENSE": b"Do what you like."},
            card={"license": "mit", "language": "en"},
        )
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture
def opened(open_studio, hub, kept):
    """Open the window, and the download dialog through the dialog of models."""
    studio = open_studio()
    studio.shared.fake = False
    studio.window.dialogs.show_models()
    (models,) = studio.window.findChildren(ModelsDialog)
    models.add_bar.hub_button.click()
    (dialog,) = studio.window.findChildren(DownloadDialog)
    assert not models.isVisible()
    return studio, dialog


def own(data) -> list[str]:
    return [card.name for card in ModelRegistry(data).list() if not card.builtin]


def looked(dialog, qtbot, text):
    dialog.name.setText(text)
    dialog.look_button.click()
    qtbot.waitUntil(lambda: dialog._thread is None, timeout=PATIENCE)


def test_model_is_looked_up_downloaded_and_listed(opened, hub, data, qtbot):
    studio, dialog = opened
    assert not dialog.download_button.isEnabled()
    looked(dialog, qtbot, "org/tiny")
    assert "License: MIT" in dialog.about.text()
    assert (
        f"{size_text(sum(map(len, hub.repos['org/tiny'].files.values())))} to download"
        in dialog.about.text()
    )
    assert dialog.license_button.isVisible()
    assert WEIGHTS not in hub.sent
    dialog.download_button.click()
    assert dialog.pause_button.isVisible()
    assert not dialog.name.isEnabled()
    qtbot.waitUntil(lambda: dialog.status.text() == "tiny is ready.", timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: [card.name for card in studio.shared.cards("text")] == ["tiny"], timeout=PATIENCE
    )
    assert own(data) == ["tiny"]
    assert not dialog.download_button.isEnabled()


def test_download_uses_the_commit_that_was_looked_up(opened, hub, gpt2, data, qtbot):
    _studio, dialog = opened
    looked(dialog, qtbot, "org/tiny")
    hub.add("org/tiny", {**gpt2, "LICENSE": b"Pay for it."})
    dialog.download_button.click()
    qtbot.waitUntil(lambda: dialog._thread is None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "no revision" in dialog.notice.message, timeout=PATIENCE)
    assert own(data) == []


def test_paused_download_continues(opened, hub, data, qtbot):
    _studio, dialog = opened
    looked(dialog, qtbot, "org/tiny")
    hub.faults[WEIGHTS] = [Fault(pause_at=700_000)]
    dialog.download_button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() > 500, timeout=PATIENCE)
    dialog.pause_button.click()
    qtbot.waitUntil(lambda: dialog.status.text().startswith("Paused"), timeout=PATIENCE)
    assert own(data) == []
    dialog.download_button.click()
    qtbot.waitUntil(lambda: dialog.status.text() == "tiny is ready.", timeout=PATIENCE)
    assert hub.sent_twice(WEIGHTS) < 300_000


def test_gguf_file_can_be_chosen(opened, hub, gpt2, tmp_path, qtbot):
    _studio, dialog = opened
    paths = [make_gguf(tmp_path / name) for name in ("a.gguf", "b.gguf")]
    hub.add("org/both", {**gpt2, **{path.name: path.read_bytes() for path in paths}})
    looked(dialog, qtbot, "org/both")
    qtbot.waitUntil(dialog.choice.isVisible, timeout=PATIENCE)
    assert [dialog.choice.itemText(row).split(",")[0] for row in range(3)] == [
        "5 files",
        "a.gguf",
        "b.gguf",
    ]
    hub.add("org/only", {path.name: path.read_bytes() for path in paths})
    looked(dialog, qtbot, "org/only")
    assert [dialog.choice.itemText(row).split(",")[0] for row in range(2)] == ["a.gguf", "b.gguf"]
    dialog.choice.setCurrentIndex(1)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: "is ready" in dialog.status.text(), timeout=PATIENCE)
    assert set(hub.sent) == {"b.gguf"}


def test_invalid_input_is_reported_and_can_be_corrected(opened, hub, qtbot):
    _studio, dialog = opened
    dialog.name.setText("not a name")
    dialog.look_button.click()
    assert "is not the name of a repository" in dialog.notice.message
    looked(dialog, qtbot, "org/<b>none")
    assert "is not the name" in dialog.notice.message
    looked(dialog, qtbot, "org/none")
    assert "has no model 'org/none'" in dialog.notice.message
    assert not dialog.download_button.isEnabled()
    looked(dialog, qtbot, "org/tiny")
    assert not dialog.notice.isVisible()
    assert dialog.download_button.isEnabled()


def test_gated_model_shows_what_to_do(opened, hub, gpt2, kept, qtbot):
    _studio, dialog = opened
    closed = Fault(401, "GatedRepo", "Access to model org/gated is restricted. Please log in.")
    hub.add(
        "org/gated",
        gpt2,
        gated="manual",
        card={"license": "llama3"},
        allowed=lambda token: None if token == "hf_good" else closed,
    )
    looked(dialog, qtbot, "org/gated")
    assert "you are not logged in" in dialog.notice.message
    assert "You must accept its terms" in dialog.about.text()
    assert not dialog.download_button.isEnabled()
    dialog.hub_button.click()
    (account,) = dialog.findChildren(HubDialog)
    account.token.setText("hf_good")
    account.save_button.click()
    qtbot.waitUntil(lambda: not dialog.findChildren(HubDialog), timeout=PATIENCE)
    assert kept == {(SERVICE, hub.endpoint): "hf_good"}
    looked(dialog, qtbot, "org/gated")
    assert dialog.download_button.isEnabled()


def test_offline_and_endpoint_are_saved_and_applied(opened, hub, data, qtbot, monkeypatch):
    studio, dialog = opened
    monkeypatch.delenv("HF_ENDPOINT")
    dialog.hub_button.click()
    (settings,) = dialog.findChildren(HubDialog)
    settings.endpoint.setText("nonsense")
    settings.save_button.click()
    assert "is not the address of a hub" in settings.notice.message
    settings.endpoint.setText(hub.endpoint)
    settings.offline.setChecked(True)
    settings.save_button.click()
    qtbot.waitUntil(lambda: not dialog.findChildren(HubDialog), timeout=PATIENCE)
    looked(dialog, qtbot, "org/tiny")
    assert "Studio is set to offline" in dialog.notice.message
    assert hub.asked == []
    studio.shared.save_now()
    assert (load_settings(data).endpoint, load_settings(data).offline) == (hub.endpoint, True)


def test_closing_dialog_or_window_pauses_the_download(opened, hub, data, qtbot):
    studio, dialog = opened
    looked(dialog, qtbot, "org/tiny")
    hub.faults[WEIGHTS] = [Fault(pause_at=700_000), Fault(pause_at=700_000)]
    dialog.download_button.click()
    assert hub.paused.wait(60)
    dialog.close()
    qtbot.waitUntil(lambda: not download_thread.running, timeout=PATIENCE)
    hub.paused.clear()
    again = DownloadDialog(studio.shared, studio.window)
    again.show()
    looked(again, qtbot, "org/tiny")
    assert "already downloaded" in again.about.text()
    again.download_button.click()
    assert hub.paused.wait(60)
    close_studio(studio)
    qtbot.waitUntil(lambda: not download_thread.running, timeout=PATIENCE)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert own(data) == []


def test_several_downloads_run_at_once(opened, hub, gpt2, data, qtbot):
    studio, dialog = opened
    hub.add("org/other", {**gpt2, WEIGHTS: gpt2[WEIGHTS]}, card={"license": "mit"})
    looked(dialog, qtbot, "org/tiny")
    hub.faults[WEIGHTS] = [Fault(pause_at=700_000)]
    dialog.download_button.click()
    assert hub.paused.wait(60)
    other = DownloadDialog(studio.shared, studio.window)
    other.show()
    looked(other, qtbot, "org/other")
    other.download_button.click()
    qtbot.waitUntil(
        lambda: "ready" in other.status.text() or bool(other.notice.message), timeout=PATIENCE
    )
    assert other.status.text() == "other is ready."
    assert dialog.pause_button.isVisible(), "the first still runs"
    assert own(data) == ["other"]
    dialog.pause_button.click()
    qtbot.waitUntil(lambda: dialog.status.text().startswith("Paused"), timeout=PATIENCE)


def test_interrupted_download_can_be_continued_or_deleted(opened, hub, data, qtbot, monkeypatch):
    studio, dialog = opened
    looked(dialog, qtbot, "org/tiny")
    hub.faults[WEIGHTS] = [Fault(pause_at=700_000), Fault(pause_at=900_000)]
    dialog.download_button.click()
    assert hub.paused.wait(60)
    second = DownloadDialog(studio.shared, studio.window)
    second.show()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    QApplication.processEvents()
    assert not second.partial.isVisible(), "running downloads are not offered"
    dialog.close()
    qtbot.waitUntil(lambda: not download_thread.running, timeout=PATIENCE)
    hub.paused.clear()
    again = DownloadDialog(studio.shared, studio.window)
    again.show()
    qtbot.waitUntil(again.partial.isVisible, timeout=PATIENCE)
    assert again.partial.choice.currentText().startswith("org/tiny, ")
    again.partial.continue_button.click()
    qtbot.waitUntil(lambda: "already downloaded" in again.about.text(), timeout=PATIENCE)
    assert not again.partial.isVisible()
    again.download_button.click()
    assert hub.paused.wait(60)
    again.close()
    qtbot.waitUntil(lambda: not download_thread.running, timeout=PATIENCE)
    last = DownloadDialog(studio.shared, studio.window)
    last.show()
    qtbot.waitUntil(last.partial.isVisible, timeout=PATIENCE)
    monkeypatch.setattr("studio.ui.models.partial_downloads.confirm", lambda *_what: True)
    last.partial.delete_button.click()
    qtbot.waitUntil(lambda: not last.partial.isVisible(), timeout=PATIENCE)
    assert partial_downloads(data) == {}


def test_continuing_keeps_the_catalogs_revision(open_studio, qtbot, data):
    for repo in ("suno--bark-small", "org--other"):
        part = data.downloads / f"{FOLDER_PREFIX}{repo}" / "part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"begun")
    there = PartialDownloads(open_studio().shared)
    qtbot.addWidget(there)
    there.reload()
    qtbot.waitUntil(lambda: there.choice.count() == 2, timeout=PATIENCE)
    messages = []
    there.continue_requested.connect(messages.append)
    for number in range(2):
        there.choice.setCurrentIndex(number)
        there.continue_button.click()
    assert sorted(messages) == ["org/other", "suno/bark-small@refs/pr/5"]


@pytest.mark.parametrize(
    ("error", "words"),
    [(KeyError("missing"), "missing"), (OSError(28, "No space left on device"), "No space left")],
)
def test_unexpected_error_ends_the_lookup_with_a_message(opened, qtbot, monkeypatch, error, words):
    _studio, dialog = opened

    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr("studio.ui.models.download_dialog.query", fail)
    looked(dialog, qtbot, "org/tiny")
    qtbot.waitUntil(lambda: words in dialog.notice.message, timeout=PATIENCE)
    assert dialog.look_button.isVisible()
    assert dialog.name.isEnabled()
    monkeypatch.undo()


def test_unexpected_error_ends_the_download_with_a_message(opened, hub, qtbot, monkeypatch):
    _studio, dialog = opened
    looked(dialog, qtbot, "org/tiny")

    def fail(*_arguments, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("studio.ui.models.download_dialog.download", fail)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: "ZeroDivisionError" in dialog.notice.message, timeout=PATIENCE)
    assert dialog.download_button.isVisible()
    assert dialog.download_button.isEnabled()
    assert dialog.running == set()
