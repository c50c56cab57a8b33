"""Where the numbers come from: scenario, seed, versions, digest, the command to get them again."""

from __future__ import annotations

from urllib.parse import quote

from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison, Run
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest


class Provenance:
    """Everything that is needed to do it again."""

    title = "Do it again"
    order = 900

    def render(self, results: Results) -> Block | None:
        manifest = results.manifest
        body = (
            _command(manifest.command)
            + html.pairs([*_facts(manifest), *_machine(manifest)])
            + _scenario(manifest)
            + _versions(manifest)
        )
        note = "The same scenario, seed and versions give the same digest."
        return Block("provenance", self.title, body, note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        head = ("Variant", "Seed", "Digest", "Ended by", "Simulated", "Took", "Memory")
        rows = [_run(run) for run in comparison.runs]
        manifest = comparison.first(comparison.baseline).manifest
        facts = [("Scenario", manifest.scenario_path or manifest.scenario)]
        facts.append(("simk8s", manifest.version))
        body = (
            _command(comparison.command)
            + html.pairs(facts)
            + html.table(head, rows, words=1)
            + _scenario(manifest)
            + _versions(manifest)
        )
        note = (
            "All variants of a seed saw the same arrivals, lifetimes and faults. "
            "simk8s render draws the page of a single run from its folder."
        )
        return Block("provenance", self.title, body, note)


def _command(command: str) -> Markup:
    return Markup('<pre class="command">{}</pre>').format(command) if command else Markup("")


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    facts = [
        ("Scenario", manifest.scenario_path or manifest.scenario),
        ("Strategy", manifest.strategy),
        ("Variant", manifest.variant),
        ("Seed", str(manifest.seed)),
        ("Simulated", fmt.duration(manifest.simulated_us)),
        ("Ended by", manifest.stop_reason),
        ("Digest", manifest.digest),
        ("Scenario hash", manifest.scenario_hash),
        ("Audit", str(manifest.audit)),
        ("simk8s", manifest.version),
    ]
    return [(name, value) for name, value in facts if value]


def _machine(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        ("Took", fmt.duration(manifest.wall_seconds * 1e6)),
        ("CPU time", fmt.duration(manifest.cpu_seconds * 1e6)),
        ("Memory, peak", fmt.size(manifest.peak_memory_bytes)),
        ("Pods simulated", fmt.rate(manifest.pods_per_second)),
    ]


def _scenario(manifest: Manifest) -> Markup:
    if not manifest.scenario_text:
        return Markup("")
    return Markup("<details><summary>The scenario</summary><pre>{}</pre></details>").format(
        manifest.scenario_text
    )


def _versions(manifest: Manifest) -> Markup:
    if not manifest.versions:
        return Markup("")
    found = html.pairs(sorted(manifest.versions.items()))
    return Markup("<details><summary>Versions</summary>{}</details>").format(found)


def _run(run: Run) -> list[str | Markup]:
    manifest = run.results.manifest
    name: str | Markup = run.variant
    if (run.results.folder / "report.html").is_file():
        where = run.results.folder
        link = f"./{quote(where.parent.name)}/{quote(where.name)}/report.html"
        name = Markup('<a href="{}">{}</a>').format(link, run.variant)
    return [
        name,
        str(run.seed),
        Markup("<code>{}</code>").format(manifest.digest[:12]),
        manifest.stop_reason,
        fmt.duration(manifest.simulated_us),
        fmt.duration(manifest.wall_seconds * 1e6),
        fmt.size(manifest.peak_memory_bytes),
    ]
