"""Go's `math/rand` (version 1 source), for orders of arrival that were drawn by it.

An additive lagged Fibonacci generator, s[n] = s[n−607] + s[n−273] mod 2^64. Its seeds are mixed
with the state that the same recurrence reaches from seed 1 after 7.8·10^12 steps; that state is
computed here by a jump: x^n modulo the recurrence's polynomial tells s[n] from the first 607.

Mirrors: math/rand of Go 1.20 and before (rngSource; Intn, Shuffle, Perm, Float64).
"""

from __future__ import annotations

from functools import cache
from typing import Any

_LENGTH, _TAP = 607, 273
_FIRST = _LENGTH - _TAP
_STEPS = 7_800_000_000_000
_WORD, _MASK63 = (1 << 64) - 1, (1 << 63) - 1
_MODULUS = (1 << 31) - 1
_SLOT = 24
"""Bytes for one coefficient of a product: 607 · 2^128 fits."""


def _words(seed: int, shift: int) -> list[int]:
    """The 607 words that a seed spreads to, three steps of a Lehmer generator each."""
    x = seed % _MODULUS or 89_482_311
    for _ in range(20):
        x = 48_271 * x % _MODULUS
    words = []
    for _ in range(_LENGTH):
        word = 0
        for place in (2 * shift, shift, 0):
            x = 48_271 * x % _MODULUS
            word ^= x << place
        words.append(word & _WORD)
    return words


def _times(a: list[int], b: list[int]) -> list[int]:
    """Product of two polynomials, reduced by x^607 = x^334 + 1."""
    raw = (_packed(a) * _packed(b)).to_bytes(_SLOT * 2 * _LENGTH, "little")
    full = [
        int.from_bytes(raw[at : at + _SLOT], "little") & _WORD for at in range(0, len(raw), _SLOT)
    ]
    for power in range(2 * _LENGTH - 1, _LENGTH - 1, -1):
        high = full[power]
        full[power - _LENGTH] += high
        full[power - _LENGTH + _FIRST] += high
    return [c & _WORD for c in full[:_LENGTH]]


def _packed(polynomial: list[int]) -> int:
    """As one long integer, whose product is the product (Kronecker)."""
    return int.from_bytes(b"".join(c.to_bytes(_SLOT, "little") for c in polynomial), "little")


@cache
def _cooked() -> tuple[int, ...]:
    """The state from seed 1 after all those steps, by place in the register."""
    start = _words(1, 10)
    # Place p is written at steps 334 − p, 941 − p, ...: what stands there now came at "time"
    # 334 − p, or 607 steps before that.
    times = [(_FIRST - p - 1) % _LENGTH + 1 - _LENGTH for p in range(_LENGTH)]
    history = [0] * _LENGTH
    for place, time in enumerate(times):
        history[time + _LENGTH - 1] = start[place]
    one, x = [1] + [0] * (_LENGTH - 1), [0, 1] + [0] * (_LENGTH - 2)
    power = one
    for bit in bin(_STEPS)[2:]:
        power = _times(power, power)
        if bit == "1":
            power = _times(power, x)
    # history[i] is s[i − 606]; x^STEPS maps the first to s[STEPS − 606], and so on.
    later = list(history)
    for time in range(_LENGTH, 2 * _LENGTH):
        later.append((later[time - _LENGTH] + later[time - _TAP]) & _WORD)
    end = [
        sum(c * s for c, s in zip(power, later[shift : shift + _LENGTH], strict=True)) & _WORD
        for shift in range(_LENGTH)
    ]
    # end[i] is s[STEPS − 606 + i]; the place of time t is (334 − t) mod 607.
    cooked = [0] * _LENGTH
    for i, word in enumerate(end):
        cooked[(_FIRST - (_STEPS - _LENGTH + 1 + i)) % _LENGTH] = word
    return tuple(cooked)


class GoRandom:
    """The draws of one seed."""

    def __init__(self, seed: int) -> None:
        mixed = zip(_words(seed, 20), _cooked(), strict=True)
        self._register = [(word ^ cooked) & _MASK63 for word, cooked in mixed]
        self._tap, self._feed = 0, _FIRST

    def int63(self) -> int:
        """63 random bits."""
        self._tap = (self._tap - 1) % _LENGTH
        self._feed = (self._feed - 1) % _LENGTH
        drawn = (self._register[self._feed] + self._register[self._tap]) & _MASK63
        self._register[self._feed] = drawn
        return drawn

    def intn(self, n: int) -> int:
        """Below n (at most 2^31 − 1), by rejection and remainder."""
        most = (1 << 31) - 1 - (1 << 31) % n
        drawn = self.int63() >> 32
        while drawn > most:
            drawn = self.int63() >> 32
        return drawn % n

    def float64(self) -> float:
        """In [0, 1)."""
        return (self.int63() & ((1 << 53) - 1)) / (1 << 53)

    def shuffle(self, items: list[Any]) -> None:
        """Fisher-Yates from the end, with Lemire's way of drawing."""
        for i in range(len(items) - 1, 0, -1):
            j = self._lemire(i + 1)
            items[i], items[j] = items[j], items[i]

    def _lemire(self, n: int) -> int:
        product = (self.int63() >> 31) * n
        if product & 0xFFFFFFFF < n:
            least = (1 << 32) % n
            while product & 0xFFFFFFFF < least:
                product = (self.int63() >> 31) * n
        return product >> 32

    def perm(self, n: int) -> list[int]:
        """A permutation of range(n)."""
        found = [0] * n
        for i in range(n):
            j = self.intn(i + 1)
            found[i] = found[j]
            found[j] = i
        return found
