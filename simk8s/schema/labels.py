"""Labels of nodes that mean something to Kubernetes or to us. No numpy here: failure models are
checked with them.

Mirrors: k8s.io/api/core/v1/well_known_labels.go v1.36. Departs: Kubernetes knows no racks.
"""

from __future__ import annotations

ZONE_LABEL = "topology.kubernetes.io/zone"
RACK_LABEL = "topology.kubernetes.io/rack"
REGION_LABEL = "topology.kubernetes.io/region"
HOSTNAME_LABEL = "kubernetes.io/hostname"
INSTANCE_LABEL = "node.kubernetes.io/instance-type"
