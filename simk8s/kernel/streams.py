"""Named random streams.

Law: a stream depends on the seed and its own name alone. Adding, removing or reordering streams
leaves the draws of the others as they were, so strategies compared on one seed see the same
arrivals, lifetimes and faults.
"""

from __future__ import annotations

from hashlib import blake2b

from numpy.random import PCG64, Generator, SeedSequence

from simk8s.errors import InvariantError

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def spawn_key(name: str) -> tuple[int, ...]:
    """The place of a name in the tree of seeds: 128 bits of its hash as four words."""
    digest = blake2b(name.encode(), digest_size=16).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))


class Streams:
    """Hands out one generator per name; the same name gets the same generator, further along."""

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise InvariantError(f"a seed is not negative, this one is {seed}")
        self.seed = seed
        self._generators: dict[str, Generator] = {}

    def get(self, name: str) -> Generator:
        """The stream of that name."""
        generator = self._generators.get(name)
        if generator is None:
            sequence = SeedSequence(self.seed, spawn_key=spawn_key(name))
            generator = self._generators[name] = Generator(PCG64(sequence))
        return generator


def counter_hash(seed: int, *counters: int) -> float:
    """A number in [0, 1) that is a pure function of its arguments: jitter without a stream.

    For periodic things that are functions of time (the k-th lease renewal of node n). Integer
    arithmetic only (splitmix64's finaliser over a running state): the same on every machine.
    """
    state = seed & _MASK
    for counter in (len(counters), *counters):
        state = (state ^ (counter & _MASK)) * 0xD1342543DE82EF95 + _GOLDEN & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return (state >> 11) * 2.0**-53
