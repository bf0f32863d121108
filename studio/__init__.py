"""Studio: a desktop content studio for text, image and audio generation on the person's own machine."""

__version__ = "0.1.0"
