"""What limits a text while it is generated: grammars, repeated n-grams, stop strings."""
