"""SQL of the library's index: its tables, rows and searches."""
