"""Studio: a desktop content studio for text, image and audio generation on the person's own
machine.
"""

from studio.core import environment

environment.switch_off_network_use()

__version__ = "0.1.0"
