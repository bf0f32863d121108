"""Errors for a hub's refusals. Takes plain values, so that tests need no hub."""

from __future__ import annotations

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import mark, tr, tr_marked
from studio.models.hub.repository import Hub, Repository

GO_ON = mark("Start it again to continue; what is there is not downloaded twice.")
LOGIN = mark("under Hub and account… in the window, or with `studio models hub --login`.")
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
            tr(
                "{repo} has no revision {revision}.",
                repo=repo,
                revision=repr(repository.revision),
            ),
            cause="invalid",
            cure=tr("{page} shows its branches and tags.", page=page),
        )
    if code == "EntryNotFound":
        return StudioError(
            tr("A file of {repo} is not on the hub any more.", repo=repo),
            cause="model",
            cure=tr("Start it again; the repository has changed."),
        )
    if "disabled" in words and status == 403:
        return StudioError(
            tr("The hub has closed {repo}.", repo=repo),
            cause="model",
            cure=tr("Choose another model."),
        )
    if status == 401 and logged_in and code != "RepoNotFound":
        return StudioError(
            tr("{host} rejects the token.", host=hub.host),
            cause="model",
            cure=tr("Make a new token, and save it {where}", where=tr_marked(LOGIN)),
        )
    if status in (401, 404):
        return _unknown(repo, hub.host, logged_in=logged_in)
    if status == 403:
        return _no_right(repo, hub.host)
    return _other(status, message, repository, hub)


def _unknown(repo: str, host: str, *, logged_in: bool) -> StudioError:
    cure = tr("Check the spelling.")
    if not logged_in:
        cure = tr(
            "Check the spelling. If it is private, save a token first, {where}",
            where=tr_marked(LOGIN),
        )
    return StudioError(
        tr("{host} has no model {repo}.", host=host, repo=repr(repo)), cause="invalid", cure=cure
    )


def _gated(repo: str, page: str, words: str, *, logged_in: bool) -> StudioError:
    if not logged_in:
        return StudioError(
            tr(
                "{repo} is only for people who have accepted its terms, and you are not logged in.",
                repo=repo,
            ),
            cause="model",
            cure=tr(
                "Accept the terms on {page}, make a token there, and save it {where}",
                page=page,
                where=tr_marked(LOGIN),
            ),
        )
    if "awaiting" in words or "pending" in words:
        return StudioError(
            tr("Your request for {repo} waits for its authors' approval.", repo=repo),
            cause="model",
            cure=tr("Try again when they have approved it; {page} shows the state.", page=page),
        )
    if "rejected" in words:
        return StudioError(
            tr("The authors of {repo} rejected your request.", repo=repo),
            cause="model",
            cure=tr("Choose another model, or ask them."),
        )
    if "fine-grained" in words or "token settings" in words:
        return _no_right(repo, tr("The hub"))
    return StudioError(
        tr("You have not accepted the terms of {repo} yet.", repo=repo),
        cause="model",
        cure=tr("Read and accept them on {page}, then start it again.", page=page),
    )


def _no_right(repo: str, host: str) -> StudioError:
    return StudioError(
        tr(
            "{host} refuses {repo} to this token: it lacks the permission to read gated "
            "repositories.",
            host=host,
            repo=repo,
        ),
        cause="model",
        cure=tr(
            "Add the permission on the hub's website (Settings, Access Tokens), or save "
            "another token {where}",
            where=tr_marked(LOGIN),
        ),
    )


def _other(status: int, message: str, repository: Repository, hub: Hub) -> StudioError:
    if status == 429:
        return StudioError(
            tr("{host} received too many requests from this computer.", host=hub.host),
            cause="model",
            cure=tr("Wait a few minutes. {go_on}", go_on=tr_marked(GO_ON)),
        )
    if status == 416:
        return content_mismatch(repository, hub)
    if status >= 500:
        return StudioError(
            tr("{host} has an internal error (HTTP {status}).", host=hub.host, status=status),
            cause="model",
            cure=tr("Wait a little. {go_on}", go_on=tr_marked(GO_ON)),
        )
    words = printable(message.strip())[:_MAX_MESSAGE]
    return StudioError(
        tr("{host} answered {status}: {words}", host=hub.host, status=status, words=words)
        if words
        else tr("{host} answered {status}.", host=hub.host, status=status),
        cause="model",
        cure=tr("Check the address of the hub."),
    )


def content_mismatch(repository: Repository, hub: Hub, path: str = "") -> StudioError:
    """Return the error for a file whose content is not what the hub lists."""
    return StudioError(
        tr(
            "What {host} sends as {file} of {repo} is not what it lists, so it was deleted.",
            host=hub.host,
            file=path or tr("a file"),
            repo=repository.repo,
        ),
        cause="model",
        cure=tr("Try again later, or from another hub."),
    )


def unreachable(hub: Hub, reason: str) -> StudioError:
    """Return the error for a hub that cannot be reached, or whose connection keeps breaking."""
    if "CERTIFICATE" in reason.upper():
        return StudioError(
            tr("The certificate of {host} is not trusted.", host=hub.host),
            cause="model",
            cure=tr(
                "Check this computer's clock. For a company's own certificate, set SSL_CERT_FILE."
            ),
        )
    details = printable(reason)[:_MAX_MESSAGE] or tr("no answer")
    return StudioError(
        tr(
            "{host} cannot be reached, or the connection keeps breaking ({details}).",
            host=hub.host,
            details=details,
        ),
        cause="model",
        cure=tr("Check the network connection. {go_on}", go_on=tr_marked(GO_ON)),
    )


def not_a_hub(hub: Hub) -> StudioError:
    """Return the error for an address where something else than a hub answers."""
    return StudioError(
        tr("{host} does not answer like a hub.", host=hub.host),
        cause="invalid",
        cure=tr("Check the address of the hub."),
    )
