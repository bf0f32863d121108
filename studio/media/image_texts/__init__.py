"""Texts that programs embed in image files: PNG chunks, EXIF, XMP, and texts hidden in pixels."""
