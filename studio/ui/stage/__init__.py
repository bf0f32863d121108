"""The result side of a tab: what a job makes as it runs, and the latest results of its kind."""
