"""Parts of the image tab: the source image of a request, and its mask."""
