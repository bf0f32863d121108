"""The library of the running program: follows the queue and folders, moves to the trash."""
