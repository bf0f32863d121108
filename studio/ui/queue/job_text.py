"""Texts about jobs, for the queue's table and bar: state, title, times, durations."""

from __future__ import annotations

import time

from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.translation import mark, tr, tr_marked

SET_ASIDE = "set aside"
STATE_TITLES: dict[str, str] = {
    JobState.QUEUED: mark("Waiting"),
    JobState.RUNNING: mark("Running"),
    JobState.COMPLETED: mark("Done"),
    JobState.FAILED: mark("Failed"),
    JobState.CANCELLED: mark("Cancelled"),
    SET_ASIDE: mark("Set aside"),
}
"""What `state_key` returns → its title."""
TITLE_CHARACTERS = 300
"""Of a prompt; the window elides it to the space there is."""


def state_key(job: Job) -> str:
    """Return a job's state, a key of STATE_TITLES: one that was set aside has one of its own."""
    return SET_ASIDE if job.set_aside else job.state


def state_title(job: Job) -> str:
    """Return the title of a job's state."""
    return tr_marked(STATE_TITLES[state_key(job)])


def job_title(job: Job) -> str:
    """Return a job's prompt as one line; for a job without a prompt, its kind."""
    prompt = " ".join(job.request.prompt[:TITLE_CHARACTERS].split())
    return prompt or tr_marked(KINDS[job.request.kind].title)


def format_duration(seconds: float) -> str:
    """Format seconds as 8 s, 3 min or 2 h 5 min."""
    if seconds < 90:
        shown = f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
        return tr("{seconds} s", seconds=shown)
    minutes = round(seconds / 60)
    if minutes < 90:
        return tr("{minutes} min", minutes=minutes)
    return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def left_text(seconds: float, *, is_least: bool) -> str:
    """Say how long the jobs still take; `is_least` if some take an unknown time."""
    duration = format_duration(seconds)
    if is_least:
        return tr("at least {duration} left", duration=duration)
    return tr("about {duration} left", duration=duration)


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
    times = (
        (mark("Added {time}"), job.created),
        (mark("Started {time}"), job.started),
        (mark("Ended {time}"), job.ended),
    )
    return "\n".join(
        tr_marked(text).format(time=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)))
        for text, at in times
        if at
    )
