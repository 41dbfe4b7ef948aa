"""Clusters: records of one subject. Connected components of the linked pairs, cut where their evidence contradicts.

Within a component the two groups of highest mean match weight between them are joined, again and again, as long as
that mean is above the threshold: a single link between two groups whose other pairs speak against it is cut. Pairs
that are not scored count as `UNSCORED`. So do those of two records of one input, where there are two: each is another's
partner. Unless that input holds subjects more than once, as is seen by how many partners there are: then nothing says
that the two are apart.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.linkage.runs import Flags, Floats, Longs, distinct

# Match weight of a pair that no rule proposed, or that was too unlikely to be kept.
UNSCORED = -7.0
# Partners, on the average, that the records of one input have in another which holds subjects more than once; pairs of
# this weight at least (odds of nine to one) are partners.
_SEVERAL = 1.25
_SURE = 3.17


@dataclass(frozen=True)
class Edges:
    """Scored pairs of records.

    Attributes:
        left, right: rid of the two records.
        weight: match weight.
    """

    left: Longs
    right: Longs
    weight: Floats

    def where(self, kept: Flags | Longs | slice) -> Edges:
        """Some of the pairs, in the order asked for."""
        return Edges(self.left[kept], self.right[kept], self.weight[kept])


def components(left: Longs, right: Longs, size: int) -> Longs:
    """Smallest number of each node's connected component, of nodes 0 … size-1 (min-label hooking and jumping)."""
    label = np.arange(size)
    while len(left):
        lowest = np.minimum(label[left], label[right])
        np.minimum.at(label, label[left], lowest)
        np.minimum.at(label, label[right], lowest)
        while True:
            jumped = label[label]
            if np.array_equal(jumped, label):
                break
            label = jumped
        apart = label[left] != label[right]
        left, right = left[apart], right[apart]
    return label


def clustered(edges: Edges, linked: float, link: bool = False) -> tuple[Longs, Longs, int]:
    """Cluster of every record that stands in a linked pair.

    Args:
        edges: scored pairs, each once.
        linked: match weight from which a pair is linked.
        link: there are two inputs, the left record of each pair of one and the right one of the other.

    Returns:
        The records (rid, ascending), the smallest rid of the cluster of each, and how many components were cut.
    """
    links = edges.weight >= linked
    records = distinct(np.concatenate([edges.left[links], edges.right[links]]))
    if not len(records):
        return records, records, 0
    edges = edges.where(np.isin(edges.left, records) & np.isin(edges.right, records))
    one, other = np.searchsorted(records, edges.left), np.searchsorted(records, edges.right)
    links = edges.weight >= linked
    label = components(one[links], other[links], len(records))
    inside = label[one] == label[other]
    inner = Edges(one[inside], other[inside], edges.weight[inside])
    side = np.zeros(len(records), dtype=np.int64)
    side[other] = link
    repeated = _repeated(edges, linked) if link else (False, False)
    cut = 0
    for nodes, found in _contradicted(label, inner, linked, _possible(label, side, repeated)):
        groups = _average_linkage(found, linked, side[nodes], repeated)
        cut += int(groups.max() > 0)
        for group in range(groups.max() + 1):
            members = nodes[groups == group]
            label[members] = members.min()
    return records, records[label], cut


def best_partners(edges: Edges, linked: float) -> Edges:
    """Of linked pairs those in which each record has one partner: the best pairs first, the lower rid of equal ones."""
    found = edges.where(edges.weight >= linked)
    order = np.lexsort((found.right, found.left, -found.weight))
    taken: set[int] = set()
    kept = np.zeros(len(order), dtype=bool)
    for at in order:
        left, right = int(found.left[at]), int(found.right[at])
        if left not in taken and right not in taken:
            kept[at] = True
            taken.update((left, right))
    return found.where(kept)


def _repeated(edges: Edges, linked: float) -> tuple[bool, bool]:
    """Whether the left input, and the right one, holds subjects more than once."""
    sure = edges.where(edges.weight >= max(linked, _SURE))
    partners = (len(sure.left) / max(len(distinct(ends)), 1) for ends in (sure.right, sure.left))
    left, right = (each >= _SEVERAL for each in partners)
    return left, right


def _possible(label: Longs, side: Longs, repeated: tuple[bool, bool]) -> Longs:
    """Number of pairs that count within each component: all but those within an input that repeats subjects."""
    sizes = np.bincount(label, minlength=len(label))
    rights = np.bincount(label, side, minlength=len(label)).astype(np.int64)
    found = sizes * (sizes - 1) // 2
    for of, several in zip((sizes - rights, rights), repeated, strict=True):
        found = found - of * (of - 1) // 2 if several else found
    return np.asarray(found)


def _contradicted(label: Longs, inner: Edges, linked: float, possible: Longs) -> Iterator[tuple[Longs, Edges]]:
    """Components of three records and more in which a pair is not linked: their nodes, their pairs numbered within."""
    sizes = np.bincount(label, minlength=len(label))
    linked_pairs = np.bincount(label[inner.left], inner.weight >= linked, minlength=len(label))
    surely_whole = _surely_whole(label, inner, linked, np.minimum(possible, sizes * sizes // 4))
    doubtful = (sizes >= 3) & (linked_pairs < possible) & ~surely_whole
    found = np.flatnonzero(doubtful)
    nodes = np.flatnonzero(doubtful[label])
    nodes = nodes[np.argsort(label[nodes], kind="stable")]
    pairs = inner.where(doubtful[label[inner.left]])
    pairs = pairs.where(np.argsort(label[pairs.left], kind="stable"))
    # The labels as they are now: who takes the components may change them.
    of_nodes = np.searchsorted(label[nodes], [found, found + 1]).T
    of_pairs = np.searchsorted(label[pairs.left], [found, found + 1]).T
    for (first, last), (begin, end) in zip(of_nodes, of_pairs, strict=True):
        own, within = nodes[first:last], pairs.where(slice(begin, end))
        yield own, Edges(np.searchsorted(own, within.left), np.searchsorted(own, within.right), within.weight)


def _surely_whole(label: Longs, inner: Edges, linked: float, between: Longs) -> Flags:
    """Components that no order of joining can cut, however little speaks for all pairs but one.

    As long as two groups are left a link joins two of them, of so many pairs (`between`) at most.
    """
    links = inner.weight >= linked
    weakest = np.full(len(label), np.inf)
    np.minimum.at(weakest, label[inner.left[links]], inner.weight[links])
    strongest_doubt = np.full(len(label), np.inf)
    np.minimum.at(strongest_doubt, label[inner.left], inner.weight)
    pairs = np.maximum(between, 1)
    return np.asarray((weakest + (pairs - 1) * UNSCORED >= linked * pairs) & (strongest_doubt >= UNSCORED))


def _average_linkage(edges: Edges, linked: float, side: Longs, repeated: tuple[bool, bool]) -> Longs:
    """Group of each node, numbered from 0 by their first nodes."""
    size = len(side)
    groups = _Groups.of(edges, side, repeated)
    heap = [entry for a in range(size) for entry in groups.entries(a) if a == entry[1]]
    heapq.heapify(heap)
    while heap:
        above, a, b, *sizes = heapq.heappop(heap)
        if UNSCORED - above < linked:
            break
        if sizes == [len(groups.members[a]), len(groups.members[b])]:
            groups.join(a, b)
            for entry in groups.entries(a):
                heapq.heappush(heap, entry)
    numbered = np.zeros(size, dtype=np.int64)
    for group, nodes in enumerate(sorted(nodes for nodes in groups.members if nodes)):
        numbered[nodes] = group
    return numbered


@dataclass(frozen=True)
class _Groups:
    """Groups of nodes and the evidence between them.

    Attributes:
        members: nodes of each group, empty for one that was joined to another.
        rights: number of nodes of the second input in each group.
        repeated: whether pairs within the first input, and within the second, do not count.
        above: group → other group → sum of the weights of their scored pairs, each less `UNSCORED`.
    """

    members: list[list[int]]
    rights: list[int]
    repeated: tuple[bool, bool]
    above: list[dict[int, float]]

    @staticmethod
    def of(edges: Edges, side: Longs, repeated: tuple[bool, bool]) -> _Groups:
        """Every node a group of its own."""
        size = len(side)
        above: list[dict[int, float]] = [{} for _ in range(size)]
        for left, right, weight in zip(edges.left.tolist(), edges.right.tolist(), edges.weight.tolist(), strict=True):
            above[left][right] = above[right][left] = weight - UNSCORED
        return _Groups([[node] for node in range(size)], side.tolist(), repeated, above)

    def entries(self, a: int) -> list[tuple[float, int, int, int, int]]:
        """What a group has in common with each other one: the mean (negated), both groups, the sizes of both."""
        found = []
        for c, weight in self.above[a].items():
            low, high = min(a, c), max(a, c)
            sizes = len(self.members[low]), len(self.members[high])
            found.append((-weight / self._pairs(low, high), low, high, *sizes))
        return found

    def _pairs(self, a: int, b: int) -> int:
        """Number of pairs between two groups that count."""
        rights = self.rights[a], self.rights[b]
        lefts = len(self.members[a]) - rights[0], len(self.members[b]) - rights[1]
        pairs = lefts[0] * rights[1] + rights[0] * lefts[1]
        for (one, other), several in zip((lefts, rights), self.repeated, strict=True):
            pairs += 0 if several else one * other
        return pairs

    def join(self, a: int, b: int) -> None:
        """Add group b to group a."""
        self.rights[a] += self.rights[b]
        self.members[a].extend(self.members[b])
        self.members[b].clear()
        for c, weight in self.above[b].items():
            del self.above[c][b]
            if c != a:
                self.above[a][c] = self.above[c][a] = self.above[a].get(c, 0.0) + weight
        self.above[b].clear()
