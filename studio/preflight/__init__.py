"""Checks a request before its job runs. No torch, no Qt."""
