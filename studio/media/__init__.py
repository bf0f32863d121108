"""File formats of images, audio, video and MIDI. No Qt, no torch."""
