"""Two to nine items at the same time: images, texts or audio."""
