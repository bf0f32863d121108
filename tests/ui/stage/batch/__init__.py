"""Tests of `studio.ui.stage.batch`."""
