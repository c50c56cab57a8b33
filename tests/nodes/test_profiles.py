"""The catalogue: known machines, sane numbers, current documentation, no heavy import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simk8s.nodes.profiles import (
    GPU_RESOURCE,
    HardwareProfile,
    eks_max_pods,
    markdown,
    profile,
    profile_names,
)
from simk8s.nodes.reserves import GIB, MIB

DOCS = Path(__file__).parents[2] / "docs" / "profiles.md"


def test_catalogue_is_large_and_has_every_provider() -> None:
    providers = {profile(name).provider for name in profile_names()}
    assert len(profile_names()) >= 60
    assert providers == {"aws", "gcp", "azure", "bare-metal"}


def test_names_are_unique_in_the_file() -> None:
    rows = (Path(__file__).parents[2] / "simk8s/nodes/_catalogue.csv").read_text().splitlines()
    names = [row.split(",")[1] for row in rows[1:]]
    assert sorted(names) == sorted(profile_names())


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_sane(name: str) -> None:
    found = profile(name)
    free, total = found.allocatable(), found.capacity()
    assert free.keys() == total.keys()
    assert all(0 < free[key] <= total[key] for key in total)
    assert 1 <= found.memory_bytes // GIB <= 4096
    assert (found.gpu_count > 0) == (found.gpu_model is not None) == (GPU_RESOURCE in total)
    assert 0 < found.boot_us_p50 < found.boot_us_p99
    assert found.price_per_hour is None or 0.005 < found.price_per_hour < 200
    assert free["cpu"] >= 0.9 * total["cpu"]


def test_price_per_core_grows_with_size_within_a_family() -> None:
    sizes = ["m5.large", "m5.xlarge", "m5.4xlarge", "m5.24xlarge"]
    each = [(profile(n).price_per_hour or 0.0) / profile(n).cpu_milli for n in sizes]
    assert max(each) == pytest.approx(min(each))


def test_m5_4xlarge_is_the_known_machine() -> None:
    found = profile("m5.4xlarge")
    assert (found.cpu_milli, found.memory_bytes, found.max_pods) == (16_000, 64 * GIB, 234)
    assert found.allocatable()["cpu"] == 16_000 - 110
    assert found.allocatable()["memory"] == 64 * GIB - (2829 + 100) * MIB


@pytest.mark.parametrize(
    ("name", "pods"), [("m5.large", 29), ("m5.xlarge", 58), ("c5.18xlarge", 737), ("t3.small", 11)]
)
def test_eni_formula(name: str, pods: int) -> None:
    assert profile(name).max_pods == pods


def test_eni_formula_counts_host_network_pods() -> None:
    assert eks_max_pods(8, 30) == 234


def test_gpu_profiles_show_their_gpus() -> None:
    assert profile("p4d.24xlarge").allocatable()[GPU_RESOURCE] == 8
    assert profile("a2-highgpu-4g").gpu_model == "A100-40GB"


def test_unknown_profile_suggests() -> None:
    with pytest.raises(KeyError, match=r"did you mean 'm5\.4xlarge'"):
        profile("m5.4xlage")


def test_reserve_rule_can_be_overridden() -> None:
    assert profile("m5.large").with_reserve("none").allocatable()["cpu"] == 2000
    with pytest.raises(KeyError, match="unknown reserve rule"):
        profile("m5.large").with_reserve("eksx")


def test_a_profile_of_ones_own_keeps_everything() -> None:
    own = HardwareProfile("mine", "inline", 1000, GIB)
    assert own.allocatable() == own.capacity()


def test_docs_are_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == markdown(), "run python -m simk8s.nodes.profiles"


def test_profiles_import_nothing_heavy() -> None:
    code = (
        "import sys; from simk8s.nodes.profiles import profile; profile('m5.large');"
        "heavy = {'numpy', 'polars', 'scipy', 'simpy', 'pydantic'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
