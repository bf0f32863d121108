"""The starter image model: a small latent diffusion model of everyday things, trained from freely
licensed icons.
"""
