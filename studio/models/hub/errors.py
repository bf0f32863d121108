"""Errors for a hub's refusals. Takes plain values, so that tests need no hub."""

from __future__ import annotations

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.models.hub.repository import Hub, Repository

GO_ON = "Start it again to continue; what is there is not downloaded twice."
LOGIN = "under Hub and account… in the window, or with `studio models hub --login`."
_MAX_MESSAGE = 200


def refusal(
    status: int, code: str, message: str, repository: Repository, hub: Hub, *, logged_in: bool
) -> StudioError:
    """Return the error for an HTTP response: its status, X-Error-Code and message."""
    repo, page = repository.repo, f"{hub.endpoint}/{repository.repo}"
    words = message.lower()
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
            f"A file of {repo} is not on the hub any more.",
            cause="model",
            cure="Start it again; the repository has changed.",
        )
    if "disabled" in words and status == 403:
        return StudioError(
            f"The hub has closed {repo}.", cause="model", cure="Choose another model."
        )
    if status == 401 and logged_in and code != "RepoNotFound":
        return StudioError(
            f"{hub.host} rejects the token.",
            cause="model",
            cure=f"Make a new token, and save it {LOGIN}",
        )
    if status in (401, 404):
        login = "" if logged_in else f" If it is private, save a token first, {LOGIN}"
        return StudioError(
            f"{hub.host} has no model {repo!r}.",
            cause="invalid",
            cure=f"Check the spelling.{login}",
        )
    if status == 403:
        return _no_right(repo, hub.host)
    return _other(status, message, repository, hub)


def _gated(repo: str, page: str, words: str, *, logged_in: bool) -> StudioError:
    if not logged_in:
        return StudioError(
            f"{repo} is only for people who have accepted its terms, and you are not logged in.",
            cause="model",
            cure=f"Accept the terms on {page}, make a token there, and save it {LOGIN}",
        )
    if "awaiting" in words or "pending" in words:
        return StudioError(
            f"Your request for {repo} waits for its authors' approval.",
            cause="model",
            cure=f"Try again when they have approved it; {page} shows the state.",
        )
    if "rejected" in words:
        return StudioError(
            f"The authors of {repo} rejected your request.",
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
        f"{host} refuses {repo} to this token: it lacks the permission to read gated repositories.",
        cause="model",
        cure="Add the permission on the hub's website (Settings, Access Tokens), or save another "
        f"token {LOGIN}",
    )


def _other(status: int, message: str, repository: Repository, hub: Hub) -> StudioError:
    if status == 429:
        return StudioError(
            f"{hub.host} received too many requests from this computer.",
            cause="model",
            cure=f"Wait a few minutes. {GO_ON}",
        )
    if status == 416:
        return content_mismatch(repository, hub)
    if status >= 500:
        return StudioError(
            f"{hub.host} has an internal error (HTTP {status}).",
            cause="model",
            cure=f"Wait a little. {GO_ON}",
        )
    words = printable(message.strip())[:_MAX_MESSAGE]
    return StudioError(
        f"{hub.host} answered {status}{f': {words}' if words else '.'}",
        cause="model",
        cure="Check the address of the hub.",
    )


def content_mismatch(repository: Repository, hub: Hub, path: str = "") -> StudioError:
    """Return the error for a file whose content is not what the hub lists."""
    return StudioError(
        f"What {hub.host} sends as {path or 'a file'} of {repository.repo} is not what it lists, "
        "so it was deleted.",
        cause="model",
        cure="Try again later, or from another hub.",
    )


def unreachable(hub: Hub, reason: str) -> StudioError:
    """Return the error for a hub that cannot be reached, or whose connection keeps breaking."""
    if "CERTIFICATE" in reason.upper():
        return StudioError(
            f"The certificate of {hub.host} is not trusted.",
            cause="model",
            cure="Check this computer's clock. For a company's own certificate, set SSL_CERT_FILE.",
        )
    details = printable(reason)[:_MAX_MESSAGE] or "no answer"
    return StudioError(
        f"{hub.host} cannot be reached, or the connection keeps breaking ({details}).",
        cause="model",
        cure=f"Check the network connection. {GO_ON}",
    )


def not_a_hub(hub: Hub) -> StudioError:
    """Return the error for an address where something else than a hub answers."""
    return StudioError(
        f"{hub.host} does not answer like a hub.",
        cause="invalid",
        cure="Check the address of the hub.",
    )
