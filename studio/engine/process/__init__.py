"""The engine in a child process: launcher, message pipe, server, messages, preload."""
