"""Draws follow their law, and are the same bits with the CPU's vector units switched off."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace as Law
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simk8s.errors import UserError
from simk8s.kernel import draws
from simk8s.kernel.draws import integers, sampler


@dataclass(frozen=True)
class Spec:
    kind: str
    law: Any


def lognormal(**given: Any) -> Spec:
    return Spec("lognormal", Law(**{"p50": None, "p99": None, "mean": None, "sigma": None} | given))


def weibull(**given: Any) -> Spec:
    return Spec("weibull", Law(**{"p50": None, "p99": None, "shape": None, "scale": None} | given))


def scipy(name: str, scale: float = 1.0, loc: float | None = None, **params: float) -> Spec:
    return Spec("scipy", Law(name=name, params=params, scale=scale, loc=loc))


def drawn(spec: Spec, n: int = 20_000, seed: int = 7) -> Any:
    return sampler(spec)(np.random.default_rng(seed), n)


CASES = [
    (Spec("exponential", Law(mean=300.0)), stats.expon(scale=300)),
    (lognormal(mean=50.0, sigma=1.2), stats.lognorm(1.2, scale=50 * np.exp(-0.72))),
    (lognormal(p50=10.0, p99=360.0), stats.lognorm(1.540404, scale=10)),
    (weibull(shape=0.7, scale=40.0), stats.weibull_min(0.7, scale=40)),
    (Spec("uniform", Law(min=3, max=9)), stats.uniform(3, 6)),
    (scipy("gamma", 10.0, a=2.0), stats.gamma(2, scale=10)),
    (scipy("invgauss", 3.0, 1.0, mu=0.6), stats.invgauss(0.6, scale=3, loc=1)),
    (scipy("pareto", 2.0, b=1.5), stats.pareto(1.5, scale=2)),
    (scipy("burr12", 5.0, c=2.0, d=1.5), stats.burr12(2, 1.5, scale=5)),
    (scipy("exponweib", 5.0, a=2.0, c=0.8), stats.exponweib(2, 0.8, scale=5)),
    (scipy("truncnorm", 4.0, 20.0, a=-2.0, b=3.0), stats.truncnorm(-2, 3, scale=4, loc=20)),
    (Spec("quantiles", {"p0": 0, "p50": 10, "p100": 110}), None),
]


@pytest.mark.parametrize(("spec", "law"), CASES[:-1])
def test_draws_follow_their_law(spec: Spec, law: Any) -> None:
    assert stats.kstest(drawn(spec), law.cdf).pvalue > 0.001


@pytest.mark.parametrize("name", sorted(draws._NATIVE))
def test_native_names_mean_what_scipy_means(name: str) -> None:
    shapes = getattr(stats, name).shapes
    values = {"f": [5.0, 8.0], "erlang": [2.0]}.get(name, [0.6, 3.0])
    params = dict(zip(shapes.replace(" ", "").split(","), values, strict=False)) if shapes else {}
    law = getattr(stats, name)(scale=2.0, loc=1.0, **params)
    assert stats.kstest(drawn(scipy(name, 2.0, 1.0, **params)), law.cdf).pvalue > 0.001


def test_quantiles_are_straight_lines() -> None:
    found = drawn(CASES[-1][0])
    assert 0 <= found.min() < 0.01
    assert 109.9 < found.max() < 110
    assert np.median(found) == pytest.approx(10, abs=1)
    assert np.quantile(found, 0.75) == pytest.approx(60, abs=2)


def test_quantiles_take_a_step() -> None:
    found = drawn(Spec("quantiles", {"p0": 5, "p50": 5, "p90": 7, "p100": 7}))
    assert found.min() == 5
    assert found.max() == 7
    assert (found == 5).mean() == pytest.approx(0.5, abs=0.02)


def test_empirical_uses_its_weights() -> None:
    spec = Spec("empirical", Law(values=[1, 2, 3], weights=[1.0, 3.0, 0.0]))
    found = drawn(spec)
    assert (found == 2).mean() == pytest.approx(0.75, abs=0.01)
    assert not (found == 3).any()


def test_empirical_without_weights_is_even() -> None:
    found = drawn(Spec("empirical", Law(values=[4, 8], weights=None)))
    assert (found == 4).mean() == pytest.approx(0.5, abs=0.02)


def test_constant_draws_nothing() -> None:
    generator = np.random.default_rng(1)
    before = generator.bit_generator.state
    assert sampler(Spec("constant", 42))(generator, 3).tolist() == [42, 42, 42]
    assert generator.bit_generator.state == before


def test_draws_do_not_depend_on_the_chunk() -> None:
    for spec, _ in CASES:
        whole = drawn(spec, 1000)
        generator, draw = np.random.default_rng(7), sampler(spec)
        parts = [draw(generator, n) for n in (1, 99, 900)]
        assert np.array_equal(whole, np.concatenate(parts)), spec


def test_integers_are_whole_and_clamped() -> None:
    draw = integers(Spec("exponential", Law(mean=2.0)), minimum=1, maximum=5)
    found = draw(np.random.default_rng(3), 1000)
    assert found.dtype == np.int64
    assert set(found.tolist()) == {1, 2, 3, 4, 5}


def test_integers_survive_a_heavy_tail() -> None:
    draw = integers(scipy("pareto", 1e9, b=0.02))
    assert draw(np.random.default_rng(3), 1000).max() == draws.LARGEST


@pytest.mark.parametrize(
    ("name", "params"),
    [("gamma", {"a": -1.0}), ("loguniform", {"a": 2.0, "b": 1.0}), ("skewnorm", {"a": np.nan})],
)
def test_shapes_out_of_range_are_the_users_error(name: str, params: dict[str, float]) -> None:
    with pytest.raises(UserError, match="is not defined for"):
        sampler(scipy(name, **params))


def test_slow_laws_are_refused_with_advice() -> None:
    with pytest.raises(UserError, match="too slow"):
        sampler(scipy("levy_stable", alpha=1.5, beta=0.0))


def test_tables_are_close_to_scipy() -> None:
    points = draws.inverse_cdf("fisk", {"c": 3.0})[200:-200]
    exact = stats.fisk(3.0)
    middles = [(low[0] + high[0]) / 2 for low, high in pairwise(points)]
    lines = [(low[1] + high[1]) / 2 for low, high in pairwise(points)]
    assert np.allclose(lines, exact.ppf(middles), rtol=2e-3)


def fingerprint() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for spec, _ in CASES:
        digest.update(drawn(spec, 5000).tobytes())
    return digest.hexdigest()


def test_the_cpu_does_not_show() -> None:
    from numpy._core._multiarray_umath import __cpu_dispatch__ as features

    code = (
        "import importlib.util as u;"
        f"s = u.spec_from_file_location('t', {__file__!r}); m = u.module_from_spec(s);"
        "import sys; sys.modules['t'] = m; s.loader.exec_module(m); print(m.fingerprint())"
    )
    env = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(features), "PYTHONHASHSEED": "3"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    plain = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    assert plain.strip() == fingerprint()
