"""Measures the numbers of docs/performance.md. `python -m benchmarks` runs them all and prints the
table.
"""
