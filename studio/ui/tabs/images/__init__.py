"""The forms of the image tab: generate an image, and change one with a tool."""
