"""One outage of one zone."""

from __future__ import annotations

from simk8s.faults.base import Fault
from simk8s.faults.zone_outage import Params, ZoneOutage
from simk8s.units import US_PER_HOUR
from tests.faults.conformance import timeline


def outages(**section):
    return timeline(ZoneOutage, Params.model_validate(section), count=7)


def test_everybody_in_the_zone_is_hit_once():
    hour = US_PER_HOUR
    expected = Fault(6 * hour, "zoneOutage", "b", (1, 4), hour // 2)
    assert outages(zone="b", at="6h", **{"for": "30m"}) == [expected]


def test_an_empty_zone_or_a_late_outage_is_nothing():
    assert outages(zone="z", at="6h", **{"for": "30m"}) == []
    assert outages(zone="b", at="900d", **{"for": "30m"}) == []
