"""What all kinds share: devices, placement, model cache, schedulers, step hooks, previews."""
