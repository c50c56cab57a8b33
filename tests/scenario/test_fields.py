"""The tables of kinds and fields: whole, consistent with what is simulated, and on their page."""

from __future__ import annotations

import pytest

from simk8s.scenario import fields
from simk8s.scenario.fields import MODELLED, REFUSED, SERVER, TOLD, UNFELT, UNKNOWN
from simk8s.scenario.kinds import KINDS
from simk8s.scenario.podgroups import KINDS as GROUPS
from tools.kinds import PAGE, page


def test_the_page_is_current():
    assert PAGE.read_text("utf-8") == page(), "python -m tools.kinds writes it"


def test_what_is_modelled_is_simulated():
    modelled = {kind for (_, kind), line in fields.kinds().items() if line.mark == MODELLED}
    assert modelled == {*KINDS, *GROUPS}
    assert modelled <= set(fields.types())


def test_every_type_that_is_named_is_there():
    for known in fields.types().values():
        for line in known.values():
            assert line.mark in (MODELLED, TOLD, UNFELT, REFUSED, SERVER)
            assert not line.type or line.type in fields.types()


def test_what_has_no_effect_says_why():
    said = [line for known in fields.types().values() for line in known.values()]
    said += fields.kinds().values()
    for line in said:
        if line.mark in (TOLD, REFUSED):
            assert line.why
        assert len(line.why.split()) <= 9


def test_removed_versions_name_what_replaced_them():
    for (version, _), line in fields.kinds().items():
        if line.mark == REFUSED:
            assert "; gone in v1." in line.why
            successor = line.why.split()[0]
            assert successor == "no" or successor != version


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        (("spec", "containers", 0, "command"), UNFELT),
        (("spec", "activeDeadlineSeconds"), TOLD),
        (("spec", "ephemeralContainers"), REFUSED),
        (("spec", "contaners"), UNKNOWN),
        (("spec", "containers", 0, "livenessProbe", "httpGet", "prt"), UNKNOWN),
        (("spec", "securityContext", "sysctls", 0, "nam"), UNKNOWN),
        (("metadata", "finalizers"), TOLD),
    ],
)
def test_odd_fields_are_found(path, mark):
    data: object = 1
    for step in reversed(path):
        data = [data] if isinstance(step, int) else {step: data}
    assert (path, mark) in [(odd.path, odd.line.mark) for odd in fields.odd(data, "Pod")]


def test_what_a_server_writes_is_no_news():
    pod = {
        "metadata": {"name": "a", "uid": "u", "managedFields": [{"manager": "x"}]},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]},
        "status": {"phase": "Running", "hostIP": "10.0.0.1"},
    }
    assert list(fields.odd(pod, "Pod")) == []
