"""Stand-ins for pod lists that are not here, derived from `default` as the published ones were.

The lists of the FGD paper are samples of `default`. `cpu250`: 25.0 % of the pods have no GPU, those
with GPU are as they were. `gpushare40`: shares of one GPU ask for 40 % of all GPU, with as many
pods with and without GPU as before. `multigpu40`: pods with several GPUs ask for 40 %, added to the
others. `gpuspec33`: 33 % of the pods with GPU name models, here as those of `gpuspec20` do,
separately for shares and whole GPUs. Draws are Go's, always with the same seed.

Law: a stand-in is the same list every time, and no pod is in it that `default` does not have (but
for its models).

Departs: which pods the authors drew is not known; figures on a stand-in are near those on the
list, not equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.papers._go_random import GoRandom
from benchmarks.papers._openb import WHOLE, PodRow

LIKE = "like-"
"""How the name of a stand-in begins."""
_SEED = 1


def stand_in(trace: str, default: Sequence[PodRow], models: Sequence[PodRow]) -> list[PodRow]:
    """A list like `trace`, by name; `models` is a list with models of GPUs."""
    kind = trace.rstrip("0123456789")
    number, draws = int(trace.removeprefix(kind)), GoRandom(_SEED)
    if kind == "cpu":
        pods = _more_cpu(number, default, draws)
    elif kind == "gpushare":
        pods = _more_shares(number, default, draws)
    elif kind == "multigpu":
        pods = _more_multi(number, default, draws)
    else:
        pods = _more_models(number, default, models, draws)
    return [replace(pod, name=f"openb-pod-{place:05d}") for place, pod in enumerate(pods)]


def _more_cpu(permille: int, pods: Sequence[PodRow], draws: GoRandom) -> list[PodRow]:
    with_gpu = [pod for pod in pods if pod.gpus]
    count = round(len(with_gpu) * permille / (1000 - permille))
    return with_gpu + _drawn([pod for pod in pods if not pod.gpus], count, draws)


def _more_shares(percent: int, pods: Sequence[PodRow], draws: GoRandom) -> list[PodRow]:
    shares = [pod for pod in pods if pod.gpus and pod.milli < WHOLE]
    whole = [pod for pod in pods if pod.gpus and pod.milli == WHOLE]
    # Pods of either kind that bring a given amount of GPU.
    many = percent * _mean_milli(whole)
    few = (100 - percent) * _mean_milli(shares)
    both = len(shares) + len(whole)
    count = round(both * many / (many + few))
    drawn = _drawn(shares, count, draws) + _drawn(whole, both - count, draws)
    return [pod for pod in pods if not pod.gpus] + drawn


def _more_multi(percent: int, pods: Sequence[PodRow], draws: GoRandom) -> list[PodRow]:
    multi = [pod for pod in pods if pod.gpus > 1]
    found, total = list(pods), sum(pod.gpu_milli for pod in pods)
    part = sum(pod.gpu_milli for pod in multi)
    while 100 * part < percent * total:
        found.append(multi[draws.intn(len(multi))])
        total += found[-1].gpu_milli
        part += found[-1].gpu_milli
    return found


def _more_models(
    percent: int, pods: Sequence[PodRow], models: Sequence[PodRow], draws: GoRandom
) -> list[PodRow]:
    found = list(pods)
    places = [place for place, pod in enumerate(pods) if pod.gpus]
    draws.shuffle(places)
    known: dict[bool, list[tuple[str, ...]]] = {False: [], True: []}
    for pod in models:
        if pod.models:
            known[_is_whole(pod)].append(pod.models)
    for place in places[: round(len(places) * percent / 100)]:
        some = known[_is_whole(pods[place])]
        found[place] = replace(pods[place], models=some[draws.intn(len(some))])
    return found


def _drawn(pods: Sequence[PodRow], count: int, draws: GoRandom) -> list[PodRow]:
    """Each at most once while that is enough, the rest drawn again and again."""
    found = list(pods)
    draws.shuffle(found)
    more = range(count - len(found))
    return found[:count] + [pods[draws.intn(len(pods))] for _ in more]


def _mean_milli(pods: Sequence[PodRow]) -> float:
    return sum(pod.gpu_milli for pod in pods) / len(pods)


def _is_whole(pod: PodRow) -> bool:
    return pod.milli == WHOLE
