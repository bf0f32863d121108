"""A story in steps: its plan, people, chapters and scenes, each edited and written alone."""
