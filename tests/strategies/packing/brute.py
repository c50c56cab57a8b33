"""The best packing by trying them all: slow, obvious, and written without the package's help."""

from __future__ import annotations

import itertools


def best(instance):
    """The best value: pods placed per priority (negative, highest first), then the cost."""
    free = [list(map(int, column)) for column in instance.free.T]
    devices = [list(map(int, column)) for column in instance.devices.T]
    pods = [g for g in range(len(instance.groups)) for _ in range(instance.groups[g].count)]
    found = []
    _try(instance, pods, 0, free, devices, [], None, found)
    return min(found)


def _try(instance, pods, at, free, devices, chosen, last, found):
    if at == len(pods):
        found.append(value(instance, free, devices, chosen))
        return
    g = pods[at]
    group = instance.groups[g]
    same = at > 0 and pods[at - 1] == g
    options = [(-1, ())] + [
        (n, which) for n in range(len(free)) for which in _devices(group, devices[n])
    ]
    for option in options:
        # Pods of a group are alike: only ascending choices.
        if (same and option < last) or not _fits(group, g, option, free, chosen):
            continue
        n, which = option
        _move(group, n, which, free, devices, 1)
        _try(instance, pods, at + 1, free, devices, [*chosen, (g, n)], option, found)
        _move(group, n, which, free, devices, -1)


def _devices(group, left):
    if group.gpu is None:
        return [()]
    fitting = [d for d, milli in enumerate(left) if milli >= group.gpu.milli]
    return list(itertools.combinations(fitting, group.gpu.devices))


def _fits(group, g, option, free, chosen):
    n = option[0]
    if n < 0:
        return True
    if group.allowed is not None and not group.allowed[n]:
        return False
    if group.per_node is not None and chosen.count((g, n)) >= group.per_node:
        return False
    return all(q == 0 or q <= f for q, f in zip(group.requests, free[n], strict=True))


def _move(group, n, which, free, devices, sign):
    if n < 0:
        return
    for r, q in enumerate(group.requests):
        free[n][r] -= sign * int(q)
    for d in which:
        devices[n][d] -= sign * group.gpu.milli


def value(instance, free, devices, chosen):
    priorities = sorted({g.priority for g in instance.groups if g.count}, reverse=True)
    placed = [
        -sum(1 for g, n in chosen if n >= 0 and instance.groups[g].priority == p)
        for p in priorities
    ]
    if instance.gpu_free is None:
        used = {n for _, n in chosen if n >= 0} | {n for n, u in enumerate(instance.in_use) if u}
        return (*placed, len(used))
    return (*placed, sum(map(_fragmented(instance), free, devices)))


def _fragmented(instance):
    typical = [list(map(int, row)) for row in instance.typical]

    def of_node(free, devices):
        partial = sum(milli for milli in devices if milli < 1000)
        whole = devices.count(1000)
        stranded = 0
        for companion in typical:
            served = [max(f, 0) // c for f, c in zip(free, companion, strict=True) if c]
            stranded += whole - min([whole, *served])
        return partial + 1000 // max(len(typical), 1) * stranded

    return of_node
