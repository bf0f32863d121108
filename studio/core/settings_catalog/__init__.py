"""The settings that a user sees, and the check, export and import of their values."""
