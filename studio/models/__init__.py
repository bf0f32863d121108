"""Model cards, what is installed, and how a model gets in: inspect, add, install. No Qt, no
torch.
"""
