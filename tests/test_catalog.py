"""The folder is the registry: listing imports nothing, resolving finds the one public class."""

from __future__ import annotations

import sys

import pytest
from pydantic import BaseModel

from simk8s import catalog
from simk8s.errors import InvariantError, UserError

OWN = """
from __future__ import annotations
from enum import Enum
from pydantic import BaseModel

class Params(BaseModel):
    depth: int = 3

class Colour(Enum):
    RED = 1

class _Helper: ...

class Mine:
    pass
"""


class Params(BaseModel):
    """Imported by a made-up extension."""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    return catalog.Catalog(tmp_path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package folder of our own in place of the shipped ones."""
    where = tmp_path / "strategies"
    where.mkdir()
    for name in ("alpha", "beta_two", "_private", "base", "__init__"):
        (where / f"{name}.py").write_text("raise RuntimeError('imported while listing')\n")
    (where / "packaged").mkdir()
    (where / "packaged" / "__init__.py").write_text("")
    monkeypatch.setattr(catalog, "_PACKAGE", tmp_path)
    caches = (catalog._shipped, catalog._home_of_params)
    for found in caches:
        found.cache_clear()
    yield where
    for found in caches:
        found.cache_clear()


def test_names_lists_files_without_importing_them(folder):
    assert catalog.names("strategies") == ["alpha", "beta_two", "packaged"]


def test_params_are_found_without_importing_the_extension(folder):
    """`alpha` raises when it is imported; only the home of its Params may be."""
    assert catalog.params_of("strategies", "alpha") is catalog.NoParams
    (folder / "packaged" / "__init__.py").write_text(
        "from simk8s.scenario.types import Model as Params\n"
        "from simk8s.errors import Problem\n"
        "raise RuntimeError\n"
    )
    assert catalog._home_of_params("strategies", "packaged") is None
    catalog._home_of_params.cache_clear()
    (folder / "packaged" / "__init__.py").write_text(
        "from tests.test_catalog import Params\nraise RuntimeError\n"
    )
    assert catalog.params_of("strategies", "packaged").__name__ == "Params"


def test_unknown_names_are_answered_with_did_you_mean(folder):
    with pytest.raises(UserError) as caught:
        catalog.resolve("strategies", "alhpa")
    assert caught.value.problems[0].code == "E201"
    assert "alpha" in caught.value.problems[0].hint


def test_an_unknown_folder_is_our_own_mistake():
    with pytest.raises(InvariantError):
        catalog.names("nonsense")


def test_a_users_own_file_resolves_to_its_one_public_class(own):
    assert own.resolve("strategies", "mine.py").__name__ == "Mine"
    assert own.params_of("strategies", "mine.py")().depth == 3
    assert own.resolve("strategies", "mine.py:Mine") is own.resolve("strategies", "mine.py")


def test_a_wrong_class_name_is_answered_with_did_you_mean(own):
    with pytest.raises(UserError, match="no class 'Mime'") as caught:
        own.resolve("strategies", "mine.py:Mime")
    assert caught.value.problems[0].hint == "did you mean 'Mine'?"


def test_two_public_classes_are_an_error_unless_one_is_named(tmp_path):
    (tmp_path / "two.py").write_text("class A: ...\nclass B: ...\n")
    found = catalog.Catalog(tmp_path)
    with pytest.raises(UserError, match="found A, B"):
        found.resolve("strategies", "two.py")
    assert found.resolve("strategies", "two.py:B").__name__ == "B"
    assert found.params_of("strategies", "two.py") is catalog.NoParams


@pytest.mark.parametrize(
    ("text", "line"), [("x = 1\ndef f(:\n", 2), ("\n\nraise OSError('no')\n", 3)]
)
def test_a_file_that_cannot_be_imported_names_its_line(tmp_path, text, line):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(UserError) as caught:
        catalog.Catalog(tmp_path).resolve("strategies", "bad.py")
    problem = caught.value.problems[0]
    assert problem.code == "E203"
    assert problem.place.line == line
    assert not [name for name in sys.modules if name.startswith("simk8s_user_bad")]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        catalog.Catalog(tmp_path).params_of("strategies", "absent.py")
    assert caught.value.problems[0].code == "E202"


@pytest.fixture(params=["dist-info", "egg-info"])
def installed(monkeypatch, tmp_path, request):
    """A package that declares strategies, as pip leaves it behind."""

    def forget():
        catalog._installed.cache_clear()
        catalog._entry_points.cache_clear()

    def install(**strategies):
        info = tmp_path / f"foreign-1.{request.param}"
        info.mkdir()
        lines = [f"{name} = {value}" for name, value in strategies.items()]
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
        (info / "entry_points.txt").write_text("\n".join(["[simk8s.strategies]", *lines]))
        monkeypatch.syspath_prepend(tmp_path)
        forget()

    yield install
    forget()


def test_entry_points_are_names_too(folder, installed, tmp_path):
    (tmp_path / "foreign.py").write_text(OWN)
    installed(outside="foreign:Mine", whole="foreign")
    assert catalog.names("strategies") == ["alpha", "beta_two", "outside", "packaged", "whole"]
    assert catalog.resolve("strategies", "outside").__name__ == "Mine"
    assert catalog.resolve("strategies", "whole").__name__ == "Mine"
    assert catalog.params_of("strategies", "outside")().depth == 3


def test_the_same_name_twice_is_an_error(folder, installed):
    installed(alpha="foreign:Mine")
    with pytest.raises(UserError) as caught:
        catalog.names("strategies")
    assert caught.value.problems[0].code == "E205"


def test_keys_and_file_names():
    assert catalog.snake("nodeCrash") == "node_crash"
    assert catalog.camel("zone_outage") == "zoneOutage"
    assert catalog.snake("poisson") == catalog.camel("poisson") == "poisson"


def test_suggest_is_close_or_silent():
    assert catalog.suggest("Kube_Schedule", ["kube_scheduler", "cp_sat"]) == "kube_scheduler"
    assert catalog.suggest("zzz", ["kube_scheduler"]) is None
