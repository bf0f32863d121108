"""Thumbnails in lists: loaded in the background while their items are in view."""
