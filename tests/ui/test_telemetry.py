"""Test that removed telemetry files of an earlier build are reported once, in a banner."""

import sys

import pytest
from PySide6.QtWidgets import QApplication


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is that of Linux")
def test_removed_telemetry_files_are_reported_in_a_banner(
    tmp_path, data, open_studio, monkeypatch, capfd
):
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
