"""Writes videos frame by frame, so that memory holds few of them."""
