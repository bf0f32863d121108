"""Nothing that is needed is outside the screen: window, tabs and dialogs on usual screens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from tests.ui.visible_controls import hidden_controls

MIN_CHECKS = 52
"""16 of the tabs, 7 of the library, and the dialogs."""


@pytest.mark.parametrize(
    ("width", "height", "scale"),
    [(1024, 700, "1"), (1366, 768, "1"), (1920, 1080, "1.5"), (3840, 2160, "2")],
    ids=["1024 x 700", "1366 x 768", "1920 x 1080 at 150 %", "3840 x 2160 at 200 %"],
)
def test_all_controls_are_on_the_screen(data, tmp_path, width, height, scale):
    screens = tmp_path / "screens.json"
    screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": height}
    screen |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    screens.write_text(json.dumps({"screens": [screen]}))
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": f"offscreen:configfile={screens}",
        "QT_SCALE_FACTOR": scale,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.screen_report", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) >= MIN_CHECKS


def test_a_control_that_is_cut_off_is_found(qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    layout = QHBoxLayout(holder)
    layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
    layout.addWidget(QPushButton("a long title that needs its space"))
    lost = QPushButton("lost", holder)
    lost.setGeometry(500, 5, 80, 30)
    holder.resize(300, 60)
    holder.show()
    (problem,) = hidden_controls(holder)
    assert "lost" in problem
    holder.resize(40, 60)
    assert any("squeezed" in problem for problem in hidden_controls(holder))
