"""Makes the starter poem model; `starter_poem` runs the steps."""
