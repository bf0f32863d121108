"""Tests of music generation."""
