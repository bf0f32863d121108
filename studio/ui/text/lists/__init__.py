"""Windows that list stored documents: all of them, and the trash."""
