"""Random draws by name: each field has a stream of its own, so turning one knob never shifts what another one draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sample_data.arrays import Bools, Floats, Ints
from sample_data.settings import Rates

RIGHT = "right"


@dataclass(frozen=True)
class Kinds:
    """What happens to each element: `RIGHT` (nothing) or one of the kinds of a `Rates` section."""

    names: tuple[str, ...]
    codes: Ints

    def __getitem__(self, name: str) -> Bools:
        """Elements of one kind."""
        return np.asarray(self.codes == self.names.index(name))

    def any_of(self, *names: str) -> Bools:
        """Elements of any of the kinds."""
        return np.isin(self.codes, [self.names.index(name) for name in names])

    def only(self, keep: Bools) -> Kinds:
        """The same kinds where `keep` holds, and `RIGHT` elsewhere."""
        return Kinds(self.names, np.where(keep, self.codes, 0))


def kinds_of(uniform: Floats, rates: Rates, hiders: Rates | None = None, hides: Bools | None = None) -> Kinds:
    """Kinds from uniform draws: each kind has the share that the section gives it, the rest is `RIGHT`.

    `hiders` is the section that holds instead for elements where `hides` holds.
    """
    names, codes = (RIGHT, *rates.shares()), _codes(uniform, rates)
    if hiders is not None and hides is not None:
        codes = np.where(hides, _codes(uniform, hiders), codes)
    return Kinds(names, codes)


def _codes(uniform: Floats, rates: Rates) -> Ints:
    # The right ones lie at the top: raising a rate turns right ones wrong and moves few between the other kinds.
    edges = np.cumsum(list(rates.shares().values()))
    codes = np.searchsorted(edges, uniform, side="right") + 1
    return np.where(codes > len(edges), 0, codes)


class Streams:
    """Named random streams of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._used: set[str] = set()

    def rng(self, name: str) -> np.random.Generator:
        """The generator of a name; a name may be asked for once, or two fields would move together."""
        if name in self._used:
            raise RuntimeError(f"random stream used twice: {name}")
        self._used.add(name)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self._seed, *name.encode()])))

    def uniform(self, name: str, n: int) -> Floats:
        """Uniform draws in [0, 1)."""
        return self.rng(name).random(n)

    def normal(self, name: str, n: int) -> Floats:
        """Standard normal draws."""
        return self.rng(name).standard_normal(n)

    def hits(self, name: str, n: int, rate: float | Floats) -> Bools:
        """True with the given rate (one for all, or one an element)."""
        return np.asarray(self.uniform(name, n) < rate)

    def integers(self, name: str, n: int, low: int | Ints, high: int | Ints) -> Ints:
        """Integers from `low` to `high` - 1; where there are none, `low`."""
        low_, span = np.asarray(low), np.maximum(np.asarray(high) - np.asarray(low), 1)
        return np.asarray(low_ + np.floor(self.uniform(name, n) * span), np.int64)

    def pick(self, name: str, n: int, weights: Iterable[float] | Mapping[str, float]) -> Ints:
        """Codes 0, 1, … with the given relative weights."""
        values = weights.values() if isinstance(weights, Mapping) else weights
        return picked(self.uniform(name, n), list(values))

    def kinds(
        self, name: str, n: int, rates: Rates, *, hiders: Rates | None = None, hides: Bools | None = None
    ) -> Kinds:
        """Kinds by the rates of a settings section, see `kinds_of`."""
        return kinds_of(self.uniform(name, n), rates, hiders, hides)

    def shared_uniform(self, name: str, groups: Ints, n_groups: int, loyalty: float) -> Floats:
        """Uniform draws that members of a group share with probability `loyalty`, else each its own.

        It makes the shops of one party alike: who hides on one platform hides on the next.
        """
        common = self.uniform(f"{name}.group", n_groups)[groups]
        own = self.uniform(f"{name}.own", len(groups))
        return np.where(self.uniform(f"{name}.loyal", len(groups)) < loyalty, common, own)


def picked(uniform: Floats, weights: Sequence[float]) -> Ints:
    """Codes 0, 1, … with the given relative weights, from uniform draws."""
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(weights) - 1).astype(np.int64)
