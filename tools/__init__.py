"""How the starter models and the tables in docs/ are made; not part of the program."""
