"""Jobs of guided tasks: texts that are checked, corrected, and written in parts."""
