"""The candidates of a text: side by side, with their checks, tokens and alternatives."""
