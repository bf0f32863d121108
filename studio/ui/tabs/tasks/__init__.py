"""Guided tasks in the text tab: their list, and their forms in place of the plain prompt."""
