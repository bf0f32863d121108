"""The settings that a user sees: their table, values, export and import, and their writer."""
