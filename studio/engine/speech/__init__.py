"""Runner of speech requests, one class for each family of models."""
