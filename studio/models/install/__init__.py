"""Puts models into the list: from folders, files, wheels and other programs."""
