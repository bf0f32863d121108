"""Applies adapters to a loaded pipeline and removes them: LoRA, textual inversion, VAE, ControlNet,
IP-Adapter.
"""
