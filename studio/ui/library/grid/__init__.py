"""The grid and the list of the library: places, painting, thumbnails, selection."""
