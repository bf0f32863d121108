"""The files of documents in the window: open, save, watch and export."""
