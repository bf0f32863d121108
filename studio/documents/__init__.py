"""Documents: texts that a person and models write together, with who wrote what and versions."""
