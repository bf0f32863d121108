"""Runs speech models."""
