"""Flags of `os.open` that some systems lack; 0 on those."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    BINARY = os.O_BINARY
    CLOEXEC = NOFOLLOW = NONBLOCK = 0
else:
    BINARY = 0
    CLOEXEC, NOFOLLOW, NONBLOCK = os.O_CLOEXEC, os.O_NOFOLLOW, os.O_NONBLOCK
