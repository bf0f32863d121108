"""Messages from the parent to the child, as msgpack bytes. The child sends `JobEvent`s."""

from __future__ import annotations

import msgspec

from studio.core.jobs import Job

MAX_MESSAGE_BYTES = 64 * 2**20
"""A larger message means that the other side is broken."""

UNREADABLE = 70
"""Exit code of a child that cannot decode a message."""


class RunJobs(msgspec.Struct, frozen=True, tag="generate"):
    """Run these jobs, as one batch if that is possible."""

    jobs: tuple[Job, ...]


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Cancel a job, if it still runs."""

    job_id: str


class WarmUp(msgspec.Struct, frozen=True, tag="warm_up"):
    """Load a model while the child is idle; an empty name is the kind's default."""

    kind: str
    model: str


ToChild = RunJobs | Cancel | WarmUp
