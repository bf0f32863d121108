"""Shared by the runners: devices, placement, memory, schedulers, step hooks, previews."""
