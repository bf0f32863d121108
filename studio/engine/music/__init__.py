"""Runs music models: MusicGen, diffusion pipelines, the symbolic starter model."""
