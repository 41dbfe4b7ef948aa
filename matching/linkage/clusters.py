"""Clusters: records of one subject. Connected components of the linked pairs, cut where their evidence contradicts.

Within a component the two groups of highest mean match weight between them are joined, again and again, as long as
that mean is above the threshold: a single link between two groups whose other pairs speak against it is cut. Pairs
that are not scored count as `UNSCORED`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.linkage.runs import Longs, distinct

Floats = npt.NDArray[np.float64]

# Match weight of a pair that no rule proposed, or that was too unlikely to be kept.
UNSCORED = -7.0


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

    def where(self, kept: npt.NDArray[np.bool_] | Longs | slice) -> Edges:
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


def clustered(edges: Edges, linked: float) -> tuple[Longs, Longs, int]:
    """Cluster of every record that stands in a linked pair.

    Args:
        edges: scored pairs, each once.
        linked: match weight from which a pair is linked.

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
    cut = 0
    for nodes, found in _contradicted(label, inner, linked):
        groups = _average_linkage(len(nodes), found, linked)
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


def _contradicted(label: Longs, inner: Edges, linked: float) -> Iterator[tuple[Longs, Edges]]:
    """Components of three records and more in which a pair is not linked: their nodes, their pairs numbered within."""
    sizes = np.bincount(label, minlength=len(label))
    linked_pairs = np.bincount(label[inner.left], inner.weight >= linked, minlength=len(label))
    doubtful = (sizes >= 3) & (linked_pairs < sizes * (sizes - 1) / 2) & ~_surely_whole(label, inner, linked, sizes)
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


def _surely_whole(label: Longs, inner: Edges, linked: float, sizes: Longs) -> npt.NDArray[np.bool_]:
    """Components that no order of joining can cut, however little speaks for all pairs but one.

    As long as two groups are left a link joins two of them, of at most a quarter of size² pairs in all.
    """
    links = inner.weight >= linked
    weakest = np.full(len(label), np.inf)
    np.minimum.at(weakest, label[inner.left[links]], inner.weight[links])
    strongest_doubt = np.full(len(label), np.inf)
    np.minimum.at(strongest_doubt, label[inner.left], inner.weight)
    pairs = np.maximum(sizes * sizes // 4, 1)
    return np.asarray((weakest + (pairs - 1) * UNSCORED >= linked * pairs) & (strongest_doubt >= UNSCORED))


def _average_linkage(size: int, edges: Edges, linked: float) -> Longs:
    """Group of each node, numbered from 0 by their first nodes."""
    groups = _Groups.of(size, edges)
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
        above: group → other group → sum of the weights of their scored pairs, each less `UNSCORED`.
    """

    members: list[list[int]]
    above: list[dict[int, float]]

    @staticmethod
    def of(size: int, edges: Edges) -> _Groups:
        """Every node a group of its own."""
        above: list[dict[int, float]] = [{} for _ in range(size)]
        for left, right, weight in zip(edges.left.tolist(), edges.right.tolist(), edges.weight.tolist(), strict=True):
            above[left][right] = above[right][left] = weight - UNSCORED
        return _Groups([[node] for node in range(size)], above)

    def entries(self, a: int) -> list[tuple[float, int, int, int, int]]:
        """What a group has in common with each other one: the mean (negated), both groups, the sizes of both."""
        found = []
        for c, weight in self.above[a].items():
            low, high = min(a, c), max(a, c)
            sizes = len(self.members[low]), len(self.members[high])
            found.append((-weight / (sizes[0] * sizes[1]), low, high, *sizes))
        return found

    def join(self, a: int, b: int) -> None:
        """Add group b to group a."""
        self.members[a].extend(self.members[b])
        self.members[b].clear()
        for c, weight in self.above[b].items():
            del self.above[c][b]
            if c != a:
                self.above[a][c] = self.above[c][a] = self.above[a].get(c, 0.0) + weight
        self.above[b].clear()
