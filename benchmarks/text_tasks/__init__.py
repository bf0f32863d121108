"""Runs the guided tasks on a fixed set of inputs, English and Chinese, and scores the results."""
