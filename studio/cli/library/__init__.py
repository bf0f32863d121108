"""`studio library`: what was made, from a shell."""
