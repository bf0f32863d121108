"""Renders clips: videos, images and titles with captions, voice and music."""
