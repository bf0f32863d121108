"""The chat view of the text tab."""
