"""What the parent says to the child, as msgpack bytes. The other way go events (`core.events`)."""

from __future__ import annotations

import msgspec

from studio.core.jobs import Job

MAX_MESSAGE_BYTES = 64 * 2**20
"""Larger ones mean that the other side is broken."""

UNREADABLE = 70
"""The exit code of a child that cannot read a message."""


class RunJobs(msgspec.Struct, frozen=True, tag="generate"):
    """Run these jobs, as one batch if that is possible."""

    jobs: tuple[Job, ...]


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Cancel this job, if it still runs."""

    job_id: str


class WarmUp(msgspec.Struct, frozen=True, tag="warm_up"):
    """Load this model while nothing else is to do; an empty name is the kind's default."""

    kind: str
    model: str


ToChild = RunJobs | Cancel | WarmUp
