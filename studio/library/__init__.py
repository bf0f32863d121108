"""Artifacts on disk and in the index: saving, the recipe inside, reading it back. No Qt, no
torch.
"""
