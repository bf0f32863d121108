"""Tests of video generation."""
