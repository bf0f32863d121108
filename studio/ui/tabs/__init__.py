"""The window's tabs."""
