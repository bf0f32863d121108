"""Batch files that are tables: CSV and spreadsheets, cells as a person sees them."""
