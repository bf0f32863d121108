"""How the starter for music was made: a composer of rules writes the pieces that the model learns
from.
"""
