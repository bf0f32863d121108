"""Commands that work on audio and video files, and on images."""
