"""Marks in the text of a document: places that were found, who wrote what, spelling."""
