"""Stand-ins for pod lists that are not here, derived from `default` as the published ones were.

The lists of the FGD paper are samples of `default`: `cpuNNN` has N.NN tenths of pods without GPU
(pods with GPU as they are), `gpushareNN` N % of the GPUs asked for by shares of one GPU (as many
pods of either kind as before), `multigpuNN` N % by pods with several GPUs (added to the others),
`gpuspecNN` a list of models for N % of the pods with GPU. Lists of models are drawn from those of
`gpuspec20`, separately for shares and whole GPUs. Draws are Go's, always with the same seed.

*Law:* a stand-in is the same list every time, and no pod is in it that `default` does not have
(but for its models). *Departs:* which pods the authors drew is not known: figures on a stand-in
are near those on the list, not equal.
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
    known = {whole: [p.models for p in models if p.models and _is_whole(p) == whole] for whole in
             (False, True)}  # fmt: skip
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
