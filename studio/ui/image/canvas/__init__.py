"""The canvas: masks, crops and extensions that a user makes on an image itself."""
