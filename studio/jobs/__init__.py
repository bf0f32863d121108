"""The job queue: storage, order, worker thread, and access from other processes."""
