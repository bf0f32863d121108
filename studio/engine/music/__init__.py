"""Loads and runs music models: MusicGen, diffusion pipelines, and models that write notes."""
