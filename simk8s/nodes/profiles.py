"""Hardware profiles: what an instance type or a bare-metal machine offers, costs and takes to boot.

Law: a profile is data; `allocatable()` is capacity minus its provider's reserve rule, in integers.
No third-party import, so that `simk8s validate` can ask for profiles at once.

Mirrors: the EKS, GKE and AKS instance catalogues; pods a node on EKS = ENIs × (addresses − 1) + 2.
Departs: memory is the advertised size (a booted machine reports one to several percent less);
prices are on-demand list prices of us-east regions, approximate, as of PRICES_AS_OF; boot times
are priors (log-normal by p50 and p99 from the API call to Ready), not measurements; local disk is
the provider's default root volume without instance store; AKS and GKE nodes take 110 pods.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from simk8s.nodes.reserves import GIB, RULES, Machine, Reserved

PRICES_AS_OF = "2026-01 (AWS) and 2025 (Google Cloud, Azure)"
GPU_RESOURCE = "nvidia.com/gpu"
DEFAULT_MAX_PODS = 110
_CATALOGUE = Path(__file__).with_name("_catalogue.csv")
_RULE_OF = {"aws": "eks", "gcp": "gke", "azure": "aks", "bare-metal": "kubelet"}
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class HardwareProfile:
    """One kind of machine: its capacity, reserve rule, price (if any) and boot time."""

    name: str
    provider: str
    cpu_milli: int
    memory_bytes: int
    max_pods: int = DEFAULT_MAX_PODS
    gpu_count: int = 0
    gpu_model: str | None = None
    ephemeral_bytes: int = 100 * GIB
    price_per_hour: float | None = None
    boot_us_p50: int = 0
    boot_us_p99: int = 0
    reserve_rule: str = "none"

    def reserved(self) -> Reserved:
        """What the node keeps for itself, hard eviction thresholds included."""
        size = Machine(self.cpu_milli, self.memory_bytes, self.ephemeral_bytes, self.max_pods)
        return RULES[self.reserve_rule](size)

    def capacity(self) -> dict[str, int]:
        """Resource name → amount, as in a node's `status.capacity` (cpu in milli, bytes)."""
        amounts = {
            "cpu": self.cpu_milli,
            "memory": self.memory_bytes,
            "ephemeral-storage": self.ephemeral_bytes,
            "pods": self.max_pods,
        }
        return amounts | ({GPU_RESOURCE: self.gpu_count} if self.gpu_count else {})

    def allocatable(self) -> dict[str, int]:
        """Resource name → amount that pods may request, as in `status.allocatable`."""
        kept = self.reserved()
        return self.capacity() | {
            "cpu": max(0, self.cpu_milli - kept.cpu_milli),
            "memory": max(0, self.memory_bytes - kept.memory_bytes),
            "ephemeral-storage": max(0, self.ephemeral_bytes - kept.ephemeral_bytes),
        }

    def with_reserve(self, rule: str) -> HardwareProfile:
        """The same machine under another provider's rule."""
        if rule not in RULES:
            raise KeyError(f"unknown reserve rule {rule!r}; there are {', '.join(RULES)}")
        return replace(self, reserve_rule=rule)


def eks_max_pods(enis: int, addresses: int) -> int:
    """Pods of an EKS node: each interface gives one address away; two pods use the host network."""
    return enis * (addresses - 1) + 2


def _from_row(row: dict[str, str]) -> HardwareProfile:
    enis = row["enis"]
    return HardwareProfile(
        name=row["name"],
        provider=row["provider"],
        cpu_milli=int(row["vcpu"]) * 1000,
        memory_bytes=int(row["memory_gib"]) * GIB,
        max_pods=eks_max_pods(int(enis), int(row["ips_per_eni"])) if enis else DEFAULT_MAX_PODS,
        gpu_count=int(row["gpus"]),
        gpu_model=row["gpu_model"] or None,
        ephemeral_bytes=int(row["disk_gib"]) * GIB,
        price_per_hour=float(row["price_per_hour"]) if row["price_per_hour"] else None,
        boot_us_p50=int(row["boot_p50_s"]) * _SECOND_US,
        boot_us_p99=int(row["boot_p99_s"]) * _SECOND_US,
        reserve_rule=_RULE_OF[row["provider"]],
    )


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, HardwareProfile]:
    with _CATALOGUE.open(encoding="utf-8", newline="") as handle:
        profiles = [_from_row(row) for row in csv.DictReader(handle)]
    return {found.name: found for found in profiles}


def profile_names() -> list[str]:
    """Every profile's name, in the order of the catalogue."""
    return list(_catalogue())


def profile(name: str) -> HardwareProfile:
    """The profile of that name; KeyError with a suggestion where there is none."""
    found = _catalogue().get(name)
    if found is None:
        near = difflib.get_close_matches(name, profile_names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise KeyError(f"unknown hardware profile {name!r}{hint}")
    return found


def _cpu(milli: int) -> str:
    return f"{milli / 1000:g}"


def _gib(amount: int) -> str:
    return f"{amount / GIB:.1f}".removesuffix(".0")


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _markdown_row(entry: HardwareProfile) -> str:
    free = entry.allocatable()
    gpus = f"{entry.gpu_count} × {entry.gpu_model}" if entry.gpu_count else ""
    price = "" if entry.price_per_hour is None else f"{entry.price_per_hour:.4f}"
    boot = f"{entry.boot_us_p50 // _SECOND_US} / {entry.boot_us_p99 // _SECOND_US} s"
    return _line(
        [
            f"`{entry.name}`",
            _cpu(entry.cpu_milli),
            _gib(entry.memory_bytes),
            _cpu(free["cpu"]),
            _gib(free["memory"]),
            str(entry.max_pods),
            gpus,
            _gib(entry.ephemeral_bytes),
            price,
            boot,
        ]
    )


_TITLES = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure", "bare-metal": "Bare metal"}
_INTRO = f"""# Hardware profiles

Generated by `python -m simk8s.nodes.profiles`; a test keeps it current. Use a name in a scenario:
`nodes: [{{profile: m5.4xlarge, count: 10}}]`.

CPU in cores, memory and disk in GiB. Allocatable is what pods may request: capacity minus the
reserves that EKS, GKE and AKS publish (on bare metal a kubelet with default flags) and minus the
hard eviction thresholds. Prices are approximate on-demand list prices in US dollars an hour in
us-east regions, as of {PRICES_AS_OF}: good for comparing, not for a bill. Boot is from the API
call to a Ready node, p50 / p99, a prior built from published boot times. Memory is the advertised
size; a booted machine reports a little less.
"""
_HEAD = [
    "profile",
    "CPU",
    "memory",
    "allocatable CPU",
    "allocatable memory",
    "pods",
    "GPUs",
    "disk",
    "$/h",
    "boot",
]


def markdown() -> str:
    """The whole catalogue as the text of docs/profiles.md."""
    parts = [_INTRO]
    for provider, title in _TITLES.items():
        parts += [f"## {title}\n", _line(_HEAD), _line(["---"] + ["---:"] * 5 + ["---"] * 4)]
        parts += [_markdown_row(e) for e in _catalogue().values() if e.provider == provider]
        parts.append("")
    return "\n".join(parts)


def _write_docs() -> None:
    target = Path(__file__).parents[2] / "docs" / "profiles.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    _write_docs()
