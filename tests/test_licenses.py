"""THIRD_PARTY.md names everything that Studio brings along, and nothing under the GPL is among
it.
"""

import importlib.metadata
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from studio.core.resources import resources
from studio.models.catalog import catalog_entries

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure() -> dict[str, importlib.metadata.Distribution]:
    """Everything that is installed because Studio asks for it, directly or not; tests' and build's
    own packages apart.
    """
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [Requirement(text) for text in table["project"]["dependencies"]]
    while wanted:
        requirement = wanted.pop()
        extras = ("", *requirement.extras)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            distribution = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system, or an extra's
        seen = plain(requirement.name) in found
        found[plain(requirement.name)] = distribution
        if seen and not requirement.extras:
            continue
        for text in distribution.requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras
            ):
                needed.marker = None
                if plain(needed.name) not in found:
                    wanted.append(needed)
    return found


def test_every_package_is_named():
    named = {plain(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*", DOCUMENT)}
    packages = closure()
    assert {"torch", "misaki", "jieba", "certifi"} <= packages.keys()
    assert sorted(packages.keys() - named) == []


def test_no_package_is_under_the_gpl():
    for name, distribution in closure().items():
        data = distribution.metadata
        texts = [
            data.get("License-Expression") or "",
            (data.get("License") or "")[:80],
            *(data.get_all("Classifier") or []),
        ]
        licenses = " ".join(
            text for text in texts if "GPL" in text or "General Public License" in text
        )
        allowed = re.sub(
            r"LGPL[\w.-]*( OR \w*GPL[\w.-]*)*|[^;]*Lesser General Public License[^;]*", "", licenses
        )
        assert "GPL" not in allowed, (name, licenses)
        assert "General Public License" not in allowed or "LGPL" in licenses, (name, licenses)


def test_packages_with_gpl_parts_are_documented_extras():
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not [text for text in table["dependencies"] if Requirement(text).name == "av"]
    assert [Requirement(text).name for text in table["optional-dependencies"]["video"]] == ["av"]
    assert "x264 and x265 (GPL-2.0-or-later)" in DOCUMENT
    assert (
        '"av"'
        in (ROOT / "build.spec")
        .read_text(encoding="utf-8")
        .partition("excludes=")[2]
        .partition("]")[0]
    )


def test_every_model_and_every_shipped_weight_is_named():
    for entry in catalog_entries():
        if entry.download:
            package = entry.download.wheels[0].requirement.partition("==")[0]
            assert package.rstrip("0123456789").rstrip("-") in DOCUMENT
            assert entry.card.license.startswith(("Apache-2.0", "MIT", "BSD-3-Clause"))
    for folder in ("starter/image", "starter/music", "starter/poem", "voices/kokoro", "words"):
        assert f"resources/{folder}" in DOCUMENT
        assert (resources() / folder / "NOTICE").is_file()


def test_the_license_is_the_whole_apache_license():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
