"""The library in the window: everything that was made, found, rated, compared and used again."""
