"""Texts about jobs, for the queue's table and bar: state, title, times, durations."""

from __future__ import annotations

import time

from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS

SET_ASIDE = "Set aside"
STATE_TITLES = {
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running",
    JobState.COMPLETED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
TITLE_CHARACTERS = 300
"""Of a prompt; the window elides it to the space there is."""


def state_title(job: Job) -> str:
    """Return the title of a job's state."""
    return SET_ASIDE if job.set_aside else STATE_TITLES[job.state]


def job_title(job: Job) -> str:
    """Return a job's prompt as one line; for a job without a prompt, its kind."""
    return " ".join(job.request.prompt[:TITLE_CHARACTERS].split()) or KINDS[job.request.kind].title


def format_duration(seconds: float) -> str:
    """Format seconds as 8 s, 3 min or 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def time_of_day(at: float, now: float | None = None) -> str:
    """Format a Unix time as 14:05, or with its date if it was on another day."""
    then, today = time.localtime(at), time.localtime(now)
    same_day = then[:3] == today[:3]
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", then)


def time_text(job: Job, estimate: float | None) -> str:
    """Return when a job ended or started and how long it took, or `estimate` seconds it will."""
    if job.state is JobState.QUEUED:
        return "" if estimate is None else f"≈ {format_duration(estimate)}"
    if job.ended and job.started:
        return f"{time_of_day(job.ended)} · {format_duration(job.ended - job.started)}"
    if job.state is JobState.RUNNING and job.started:
        return f"{time_of_day(job.started)} · {format_duration(time.time() - job.started)}"
    return time_of_day(job.ended) if job.ended else ""


def times_text(job: Job) -> str:
    """Return when a job was added, started and ended, one a line."""
    times = (("Added", job.created), ("Started", job.started), ("Ended", job.ended))
    return "\n".join(
        f"{title} {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))}"
        for title, at in times
        if at
    )
