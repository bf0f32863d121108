"""Trains the decoder that draws images of 256 px from the latents of the starter image model."""
