"""Presets in the window: the menu of a form, and dialogs to save and manage own ones."""
