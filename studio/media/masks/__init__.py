"""Masks as arrays, and the frame that crops or extends an image; no Qt."""
