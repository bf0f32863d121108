"""Applies LoRA, textual inversion, VAE, ControlNet and IP-Adapter to a pipeline; removes them."""
