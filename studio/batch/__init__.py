"""Batch files: read and check the rows, plan the jobs, write the reports."""
