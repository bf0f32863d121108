"""The editor of documents and its panels."""
