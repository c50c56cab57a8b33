"""False winners: how often a comparison says that one of two equally good strategies is better.

    python -m benchmarks.false_winners [--pool 400] [--trials 2000]

The two are `random_fit` on two streams: equal means by construction, and noise that is what a
cluster makes of independent draws. A pool of pairs of real runs is simulated, one pair a seed; each
trial draws as many pairs from it as a comparison has seeds, and a coin for each which of the two
streams is called the baseline, so that the mean difference is zero whatever the pool has. A trial
has a false winner if any number that the verdict looks at (`results.compare.KEY`) differs after
Holm's correction; also counted: any number at all after Benjamini and Hochberg's, and any number
without a correction. Beside it noise by formula: normal, log-normal, Student's t with two degrees
of freedom, counts, in four numbers.

Exit code 1 if a share after correction is above 6 % (5 % and what 2,000 trials scatter).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.nodes.knowledge import machines
from simk8s.results.compare import KEY
from simk8s.results.kpis import values
from simk8s.results.results import Results
from simk8s.results.statistics import benjamini_hochberg, holm, paired
from simk8s.scenario.load import load
from simk8s.simulation.run import run_scenario

SEEDS = (5, 10, 30)
ALPHA, MOST = 0.05, 0.06
NOISES = ("normal", "skewed", "heavy-tailed", "counts")
NUMBERS = 4
SCENARIO = """
apiVersion: simk8s/v1
name: equals
duration: 30m
nodes:
  - {profile: m5.xlarge, count: 6}
  - {profile: c5.2xlarge, count: 2}
sampling: {interval: 2m}
controlPlane: {profile: instant}
workload:
  - name: large
    arrivals: {poisson: {rate: 60/h}}
    lifetime: {exponential: {mean: 12m}}
    template: {spec: {priority: 10, containers: [{name: a, resources: {requests: {
      cpu: 2500m, memory: 4Gi}}}]}}
  - name: small
    arrivals: {poisson: {rate: 160/h}}
    lifetime: {exponential: {mean: 10m}}
    requests: {cpu: {uniform: {min: 200m, max: "1"}}, memory: {uniform: {min: 256Mi, max: 3Gi}}}
    template: {spec: {containers: [{name: a}]}}
"""
Floats = NDArray[np.float64]


class Pool(NamedTuple):
    """Differences of pairs of runs, `[numbers, pairs]`, by name of the KPI."""

    names: tuple[str, ...]
    differences: Floats


class Shares(NamedTuple):
    """Of trials with a false winner."""

    key: float
    """Among what the verdict looks at, after Holm."""
    all: float
    """Among all numbers, after Benjamini and Hochberg."""
    bare: float
    """Among all, without correction."""


def pool_of(seeds: Sequence[int]) -> Pool:
    """Simulate random_fit on streams 1 and 2 for every seed; KPIs that ever differ."""
    with TemporaryDirectory() as folder:
        runs = [[_run(Path(folder), seed, stream) for stream in (1, 2)] for seed in seeds]
    names = [
        name for name in runs[0][0] if all(one[name] is not None for pair in runs for one in pair)
    ]
    found = np.array([[(b[name] or 0) - (a[name] or 0) for a, b in runs] for name in names])
    some = found.any(axis=1)
    return Pool(tuple(n for n, differs in zip(names, some, strict=True) if differs), found[some])


def _run(folder: Path, seed: int, stream: int) -> dict[str, float | None]:
    overrides = [("strategy.name", "random_fit"), ("strategy.stream", str(stream))]
    source = Path("equals.yaml")
    loaded = load(source, text=SCENARIO, knowledge=machines(), overrides=overrides)
    out = folder / f"{seed}-{stream}"
    run_scenario(loaded, out=out, seed=seed)
    return dict(values(Results.open(out)))


def drawn(pool: Pool, trials: int, seeds: int, rng: np.random.Generator) -> Iterator[Floats]:
    """`[numbers, seeds]` a trial: pairs without replacement, each way round by a coin."""
    n = pool.differences.shape[1]
    for _ in range(trials):
        pairs = rng.choice(n, seeds, replace=False)
        yield pool.differences[:, pairs] * rng.choice([-1.0, 1.0], seeds)


def noise(name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Noise of one strategy; two of the same name are equally good."""
    if name == "normal":
        return rng.normal(size=shape)
    if name == "skewed":
        return rng.lognormal(0, 1, shape)
    if name == "heavy-tailed":
        return rng.standard_t(2, shape)
    return rng.poisson(0.5, shape).astype(float)


def p_values(differences: Floats) -> Floats:
    """Ours over the last axis. It is never below Student's: above 5 % that one will do."""
    from scipy import stats

    flat = differences.reshape(-1, differences.shape[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal values
        student = np.nan_to_num(stats.ttest_1samp(flat, 0, axis=1).pvalue)
    found = [
        p if p > ALPHA else paired(one.tolist()).p for p, one in zip(student, flat, strict=True)
    ]
    return np.array(found, np.float64).reshape(differences.shape[:-1])


def shares(pool: Pool, trials: int, seeds: int, rng: np.random.Generator) -> Shares:
    """How often a comparison with so many seeds has a false winner."""
    key = [place for place, name in enumerate(pool.names) if name in KEY]
    rest = [place for place in range(len(pool.names)) if place not in key]
    counts = np.zeros(3)
    for differences in drawn(pool, trials, seeds, rng):
        p = p_values(differences)
        verdict = min(holm(p[key].tolist()), default=1.0) <= ALPHA
        elsewhere = min(benjamini_hochberg(p[rest].tolist()), default=1.0) <= ALPHA
        counts += (verdict, verdict or elsewhere, bool((p <= ALPHA).any()))
    return Shares(*(counts / trials).tolist())


def by_formula(name: str, trials: int, seeds: int, rng: np.random.Generator) -> float:
    """The share for noise of that name, among `NUMBERS` numbers after Holm."""
    shape = (trials, NUMBERS, seeds)
    found = p_values(noise(name, rng, shape) - noise(name, rng, shape))
    return float(np.mean([min(holm(trial)) <= ALPHA for trial in found.tolist()]))


def main(pairs: int = 400, trials: int = 2_000) -> int:
    """Print the table; 1 if a share after correction is too high."""
    started = time.process_time()
    pool = pool_of(range(1, pairs + 1))
    took = time.process_time() - started
    key = [name for name in pool.names if name in KEY]
    print(f"{pairs} pairs of runs of random_fit on two streams, {took:.0f} s of CPU")
    print(f"{len(pool.names)} numbers differ, {len(key)} of them the verdict's: {', '.join(key)}")
    print(f"share of {trials:,} trials with a false winner\n")
    print("noise                seeds  verdict (Holm)  any (Holm, BH)  uncorrected")
    worst = 0.0
    for seeds in SEEDS:
        found = shares(pool, trials, seeds, np.random.default_rng(seeds))
        worst = max(worst, found.key)
        print(
            f"random_fit, 2 streams {seeds:4}  {found.key:14.2%}  {found.all:14.2%}"
            f"  {found.bare:11.2%}"
        )
    for name in NOISES:
        for seeds in SEEDS:
            share = by_formula(name, trials, seeds, np.random.default_rng([seeds, len(name)]))
            worst = max(worst, share)
            print(f"{name:20} {seeds:5}  {share:14.2%}")
    return int(worst > MOST)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--pool", type=int, default=400)
    parser.add_argument("--trials", type=int, default=2_000)
    given = parser.parse_args()
    sys.exit(main(given.pool, given.trials))
