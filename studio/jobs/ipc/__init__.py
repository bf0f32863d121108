"""IPC between the window and commands: server, client, addresses, messages."""
