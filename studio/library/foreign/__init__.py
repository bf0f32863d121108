"""Generation metadata that other programs write into images. No Qt, no torch."""
