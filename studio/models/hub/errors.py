"""What a hub's refusals mean, in words for a person. Takes plain values, so that every case can be
tried without a hub.
"""

from __future__ import annotations

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.models.hub.repository import Hub, Repository

GO_ON = "Start it again to go on; what is there is not fetched twice."
LOGIN = "under Hub and account… in the window, or with `studio models hub --login`."
_MAX_SAID = 200


def refusal(
    status: int, code: str, said: str, repository: Repository, hub: Hub, *, logged_in: bool
) -> StudioError:
    """Return the error for an answer of the hub: its status, its X-Error-Code and its own words."""
    repo, page = repository.repo, f"{hub.endpoint}/{repository.repo}"
    words = said.lower()
    if code == "GatedRepo" or "gated repo" in words:
        return _gated(repo, page, words, logged_in=logged_in)
    if code == "RevisionNotFound":
        return StudioError(
            f"{repo} has no revision {repository.revision!r}.",
            cause="invalid",
            cure=f"{page} shows its branches and tags.",
        )
    if code == "EntryNotFound":
        return StudioError(
            f"A file of {repo} is not there any more.",
            cause="model",
            cure="Start it again; the repository was changed.",
        )
    if "disabled" in words and status == 403:
        return StudioError(
            f"The hub has closed {repo}.", cause="model", cure="Choose another model."
        )
    if status == 401 and logged_in and code != "RepoNotFound":
        return StudioError(
            f"{hub.host} does not know the token any more.",
            cause="model",
            cure=f"Make a new one, and keep it {LOGIN}",
        )
    if status in (401, 404):
        login = "" if logged_in else f" If it is private, keep a token for it first, {LOGIN}"
        return StudioError(
            f"{hub.host} has no model {repo!r}.",
            cause="invalid",
            cure=f"Check how it is written.{login}",
        )
    if status == 403:
        return _no_right(repo, hub.host)
    return _other(status, said, repository, hub)


def _gated(repo: str, page: str, words: str, *, logged_in: bool) -> StudioError:
    if not logged_in:
        return StudioError(
            f"{repo} is given only to people who have accepted its terms, and you are not logged "
            "in.",
            cause="model",
            cure=f"Accept the terms on {page}, make a token there, and keep it {LOGIN}",
        )
    if "awaiting" in words or "pending" in words:
        return StudioError(
            f"Your request for {repo} waits for its authors.",
            cause="model",
            cure=f"Try again when they have agreed; {page} shows it.",
        )
    if "rejected" in words:
        return StudioError(
            f"The authors of {repo} have refused your request.",
            cause="model",
            cure="Choose another model, or ask them.",
        )
    if "fine-grained" in words or "token settings" in words:
        return _no_right(repo, "The hub")
    return StudioError(
        f"You have not accepted the terms of {repo} yet.",
        cause="model",
        cure=f"Read and accept them on {page}, then start it again.",
    )


def _no_right(repo: str, host: str) -> StudioError:
    return StudioError(
        f"{host} refuses {repo} to this token: it lacks the right to read gated repositories.",
        cause="model",
        cure="Give it that right on the hub's site (Settings, Access Tokens), or keep another "
        f"{LOGIN}",
    )


def _other(status: int, said: str, repository: Repository, hub: Hub) -> StudioError:
    if status == 429:
        return StudioError(
            f"{hub.host} has had too many requests from here.",
            cause="model",
            cure=f"Wait a few minutes. {GO_ON}",
        )
    if status == 416:
        return changed(repository, hub)
    if status >= 500:
        return StudioError(
            f"{hub.host} has trouble of its own (HTTP {status}).",
            cause="model",
            cure=f"Wait a little. {GO_ON}",
        )
    words = printable(said.strip())[:_MAX_SAID]
    return StudioError(
        f"{hub.host} answered {status}{f': {words}' if words else '.'}",
        cause="model",
        cure="Check the address of the hub.",
    )


def changed(repository: Repository, hub: Hub, path: str = "") -> StudioError:
    """Return the error for a file that is not what the hub says it is."""
    return StudioError(
        f"What {hub.host} sends as {path or 'a file'} of {repository.repo} is not what it lists; "
        "it was not kept.",
        cause="model",
        cure="Try again later, or from another hub.",
    )


def no_way(hub: Hub, reason: str) -> StudioError:
    """Return the error for a hub that cannot be reached or leaves off again and again."""
    if "CERTIFICATE" in reason.upper():
        return StudioError(
            f"The certificate of {hub.host} is not trusted.",
            cause="model",
            cure="Check this computer's clock. A company's own certificate is named by "
            "SSL_CERT_FILE.",
        )
    said = printable(reason)[:_MAX_SAID] or "no answer"
    return StudioError(
        f"{hub.host} cannot be reached, or the connection broke off again and again ({said}).",
        cause="model",
        cure=f"Check the network connection. {GO_ON}",
    )


def no_hub(hub: Hub) -> StudioError:
    """Return the error for an address where something else answers."""
    return StudioError(
        f"{hub.host} does not answer like a hub.",
        cause="invalid",
        cure="Check the address of the hub.",
    )
