"""The queue (SQLite), the worker thread, batch files. QtCore only."""
