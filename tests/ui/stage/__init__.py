"""Tests of `studio.ui.stage`."""
