"""Weight files: headers, tensor layout, licenses, safety checks."""
