"""Candidates in the real window, written by the fake engine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.conftest import PATIENCE
from tests.ui.stage.test_stage import submit_text, wait_over


@pytest.fixture
def studio(open_studio):
    return open_studio()


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def make_candidates(qtbot, studio, **values):
    """Run a job and wait until its files are shown; return the stage and the job's id."""
    stage = studio.window.text_tab.stage
    values = {"num_return_sequences": 3, "seed": 5, **values}
    job = submit_text(studio, "rain", **values)
    wait_over(qtbot, studio, job.id)

    def are_files_shown():
        paths = stage._paths
        is_shown = job.id in stage.group and stage.is_over
        return is_shown and bool(paths) and stage.candidates.saved.keys() == paths.keys()

    qtbot.waitUntil(are_files_shown, timeout=PATIENCE)
    return stage, job.id


def show_columns(qtbot, stage):
    """Click the switch; return the columns, compared."""
    click(stage.candidates.columns_button)
    columns = stage.candidates.columns
    qtbot.waitUntil(columns.isVisible, timeout=PATIENCE)
    return columns
