"""L3: hardware profiles and the kubelet pool."""
