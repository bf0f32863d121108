"""Runs one job: the protocol, three engines behind it, and one file a kind that uses torch. No
Qt.
"""
