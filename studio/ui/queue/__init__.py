"""The queue in the window: dock, table of jobs, actions, pause menu."""
