"""L3: what arrives when: arrival processes, distributions, pod templates, traces."""
