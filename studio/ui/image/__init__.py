"""Parts of the image tab: the picture that a request starts from, and the mask that is painted over
it.
"""
