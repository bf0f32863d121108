"""The parts of Word and OpenDocument files other than their text."""
