"""Extract, merge, compile and check translations: `python -m tools.translations --help`."""
