"""Personas of chats: presets that are a system prompt with a name."""
