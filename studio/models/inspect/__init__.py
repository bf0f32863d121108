"""What a folder or a file is, as a model card."""
