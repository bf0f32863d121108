"""What each dependency does to the network and to the disk when it is imported, as a table for
docs/security.md.

`python -m benchmarks.dependency_imports` imports each of them in a process of its own under strace,
in a fresh home, in an empty network where the system allows that, and without the variables that
say "this is CI": once as it comes, and once with what Studio switches off. `--wait 10` stays ten
seconds after each import, for what comes late. Exits with 1 where something is left that Studio
does not switch off.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
import tempfile
from pathlib import Path

from tests.privacy.imports import distributions, import_traced
from tests.privacy.tracing import Traced


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="distributions; else all")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to stay after each import")
    options = parser.parse_args()
    print("| package | as it comes | in Studio |\n|---|---|---|")
    left = 0
    for name, modules in distributions().items():
        if options.names and name not in options.names:
            continue
        plain, switched = (_traced(modules, way, options.wait) for way in (False, True))
        left += len(switched.findings)
        print(
            f"| {name} {importlib.metadata.version(name)} | {_words(plain)} | {_words(switched)} |",
            flush=True,
        )
    return 1 if left else 0


def _traced(modules: list[str], switched: bool, wait: float) -> Traced:
    with tempfile.TemporaryDirectory() as folder:
        traced = import_traced(modules, Path(folder), switched=switched, wait=wait)
    if traced.returncode or traced.stdout:
        sys.exit(f"{modules} cannot be imported: {traced.stdout}{traced.stderr}")
    for finding in traced.findings:
        print(finding, file=sys.stderr)
    return traced


def _words(traced: Traced) -> str:
    """Return a few words: calls and families, files by their place in the home."""
    found = []
    for finding in traced.findings:
        if finding.kind == "network":
            call, family = finding.what.split("(")[0], re.search(r"AF_\w+", finding.what)
            found.append(f"{call} {family[0] if family else ''}".strip())
        elif finding.kind == "name":
            found.append("looks up a name")
        elif finding.what.endswith("is left"):
            found.append("leaves " + re.sub(r".*/home/(.*) is left", r"`~/\1`", finding.what))
    files = [words for words in found if words.startswith("leaves")]
    inner = [
        words
        for words in files
        if not any(other != words and other.startswith(words[:-1] + "/") for other in files)
    ]
    return (
        ", ".join(dict.fromkeys([words for words in found if words not in files] + inner))
        or "nothing"
    )


if __name__ == "__main__":
    sys.exit(main())
