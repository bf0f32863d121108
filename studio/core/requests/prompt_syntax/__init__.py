"""The syntax of image prompts: weights, BREAK and tags."""
