"""The window of all settings."""
