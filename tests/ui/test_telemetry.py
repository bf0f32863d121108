"""The window shows once, and not in a dialog, that an earlier build's telemetry files are
removed.
"""

import sys

import pytest
from PySide6.QtWidgets import QApplication


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is that of Linux")
def test_the_window_shows_it_and_goes_on(tmp_path, data, open_studio, monkeypatch, capfd):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    folder = tmp_path / ".cache/Microsoft/DeveloperTools/.onnxruntime"
    folder.mkdir(parents=True)
    (folder / "deviceid").write_text("x")
    studio = open_studio()
    assert f"its files in {folder} are removed" in studio.window.queue_banner.message
    assert "are removed" in (data.logs / "studio.log").read_text(encoding="utf-8")
    assert "are removed" in capfd.readouterr().err
    assert QApplication.activeModalWidget() is None
    assert not folder.exists()
