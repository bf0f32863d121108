"""The window: tabs, forms, docks, dialogs, theme. No torch in this process."""
