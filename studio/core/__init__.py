"""The words and plain data of Studio: requests, events, jobs, artifacts, settings, paths. No Qt, no
torch.
"""
