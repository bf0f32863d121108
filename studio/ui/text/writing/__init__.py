"""What a model writes into a document, and the bar for it."""
