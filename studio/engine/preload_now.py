"""Importing this module imports what a child needs; the fork server's preload takes module names only."""

from studio.engine.preload import import_all

import_all()
