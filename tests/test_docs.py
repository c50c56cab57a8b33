"""Generated pages are current; links and commands in the README exist."""

from __future__ import annotations

import re
from pathlib import Path

from tools import fidelity

ROOT = Path(__file__).parents[1]


def test_the_fidelity_page_is_current() -> None:
    assert fidelity.PAGE.read_text(encoding="utf-8") == fidelity.markdown(), (
        "run: python -m tools.fidelity"
    )


def test_the_page_knows_the_main_components() -> None:
    page = fidelity.markdown()
    for name in ("scheduler/scheduler.py", "nodes/kubelet.py", "api/leases.py"):
        assert f"`{name}`" in page
    assert "**UNVERIFIED**" in page


def test_links_of_the_front_pages_lead_somewhere() -> None:
    for page in ("README.md", "ARCHITECTURE.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / target).exists(), f"{page} links to {target}"


def test_architecture_names_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = {p.parent.name for p in (ROOT / "simk8s").glob("*/__init__.py")}
    assert {
        name for name in folders if f"`{name}/`" not in text and f"{name}/" not in text
    } == set()
