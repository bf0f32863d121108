"""Sound in the window: playing it, drawing it, reading it back."""
