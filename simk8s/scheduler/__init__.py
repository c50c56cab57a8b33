"""L3: the kube-scheduler component: queue, assumed pods, timing, binding."""
