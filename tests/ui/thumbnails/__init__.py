"""Tests of `studio.ui.thumbnails`."""
