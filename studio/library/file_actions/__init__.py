"""Moves, copies, renames and exports of items, with the files that belong to them."""
