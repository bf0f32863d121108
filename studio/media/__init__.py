"""File formats of images, audio, video and notes. No Qt, no torch."""
