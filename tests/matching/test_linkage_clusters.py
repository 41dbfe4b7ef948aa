"""Clusters of scored pairs: what is joined, what is cut, and that nothing depends on the order of the pairs.

`by_definition` is the oracle: average linkage as the module's text says it, without a shortcut.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from matching.linkage.clusters import UNSCORED, Edges, best_partners, clustered, components

Pair = tuple[int, int, float]
STRONG, WEAK = 8.0, 0.5


def edges(pairs: Iterable[Pair]) -> Edges:
    listed = list(pairs)
    left, right, weight = zip(*listed, strict=True) if listed else ((), (), ())
    return Edges(np.array(left, dtype=np.int64), np.array(right, dtype=np.int64), np.array(weight, dtype=np.float64))


def clusters(pairs: Iterable[Pair], linked: float = 0.0) -> list[list[int]]:
    """Clusters of two records and more, sorted."""
    rids, label, _ = clustered(edges(pairs), linked)
    groups = [rids[label == each].tolist() for each in np.unique(label)]
    return [group for group in groups if len(group) > 1]


def cut(pairs: Iterable[Pair], linked: float = 0.0) -> int:
    return clustered(edges(pairs), linked)[2]


def clique(members: Sequence[int], weight: float = STRONG) -> list[Pair]:
    return [(left, right, weight) for left, right in itertools.combinations(members, 2)]


def drawn(seed: int) -> list[Pair]:
    """Scored pairs of a dozen records or fewer; some graphs hold hardly a doubt, others little else."""
    chance = np.random.default_rng(seed)
    size = int(chance.integers(3, 13))
    centre, share = chance.choice([-3.0, 0.0, 6.0, 25.0]), chance.uniform(0.2, 1.0)
    weights = {pair: chance.normal(centre, 6.0) for pair in itertools.combinations(range(0, 7 * size, 7), 2)}
    return [(*pair, float(weight)) for pair, weight in weights.items() if chance.random() < share]


def by_definition(pairs: Iterable[Pair], linked: float) -> list[list[int]]:
    weight = {frozenset((left, right)): bits for left, right, bits in pairs}
    groups = [[rid] for rid in sorted(set().union(*weight))]

    def mean(both: tuple[list[int], list[int]]) -> float:
        return float(np.mean([weight.get(frozenset(pair), UNSCORED) for pair in itertools.product(*both)]))

    while len(groups) > 1:
        one, other = max(itertools.combinations(groups, 2), key=mean)
        if mean((one, other)) < linked:
            break
        groups = [group for group in groups if group not in (one, other)] + [one + other]
    return sorted(sorted(group) for group in groups if len(group) > 1)


def test_a_pair_at_the_threshold_is_a_cluster_and_one_below_is_none() -> None:
    assert clusters([(3, 9, 2.0), (4, 5, 1.9)], linked=2.0) == [[3, 9]]


def test_records_of_no_linked_pair_are_not_spoken_of() -> None:
    rids, label, cuts = clustered(edges([(1, 2, STRONG), (2, 3, -STRONG), (4, 5, -STRONG)]), 0.0)
    assert (rids.tolist(), label.tolist(), cuts) == ([1, 2], [1, 1], 0)


def test_without_pairs_there_are_no_clusters() -> None:
    rids, label, cuts = clustered(edges([]), 0.0)
    assert (len(rids), len(label), cuts) == (0, 0, 0)


def test_a_cluster_bears_its_smallest_record_whichever_way_its_pairs_are_written() -> None:
    rids, label, _ = clustered(edges([(70, 41, STRONG), (41, 55, STRONG), (55, 70, STRONG), (8, 90, STRONG)]), 0.0)
    assert dict(zip(rids.tolist(), label.tolist(), strict=True)) == {8: 8, 90: 8, 41: 41, 55: 41, 70: 41}


def test_a_chain_of_strong_links_is_one_cluster_though_its_ends_were_never_compared() -> None:
    chain = [(rid, rid + 1, 25.0) for rid in range(3)]
    assert clusters(chain) == [[0, 1, 2, 3]]
    assert cut(chain) == 0


def test_a_weak_bridge_between_two_groups_of_records_is_cut() -> None:
    pairs = [*clique([0, 1, 2, 3]), *clique([10, 11, 12]), (3, 10, WEAK)]
    assert clusters(pairs) == [[0, 1, 2, 3], [10, 11, 12]]
    assert cut(pairs) == 1


def test_evidence_against_two_records_keeps_them_apart_though_a_third_is_like_both() -> None:
    assert clusters([(0, 1, 6.0), (1, 2, 5.0), (0, 2, -20.0)]) == [[0, 1]]


def test_two_groups_with_much_evidence_between_them_are_joined_in_spite_of_a_doubt() -> None:
    pairs = [*clique([0, 1, 2]), *clique([3, 4, 5])]
    between = [(left, right, 3.0) for left, right in itertools.product([0, 1, 2], [3, 4, 5])]
    pairs += [*between[:-1], (2, 5, -2.0)]
    assert clusters(pairs) == [[0, 1, 2, 3, 4, 5]]
    assert cut(pairs) == 0


def test_a_pair_that_was_never_scored_counts_as_evidence_against() -> None:
    # Between {0, 1} and 2 stand one link and one pair that no rule proposed: their mean decides.
    assert clusters([(0, 1, 30.0), (1, 2, -UNSCORED + 0.1)]) == [[0, 1, 2]]
    assert clusters([(0, 1, 30.0), (1, 2, -UNSCORED - 0.1)]) == [[0, 1]]


@pytest.mark.parametrize("linked", [-1.0, 0.0, 3.5])
def test_clusters_are_those_of_average_linkage_on_any_graph(linked: float) -> None:
    for seed in range(120):
        pairs = drawn(seed)
        if any(weight >= linked for _, _, weight in pairs):
            assert clusters(pairs, linked) == by_definition(pairs, linked), seed


def test_neither_the_order_nor_the_direction_of_pairs_changes_a_cluster() -> None:
    chance = np.random.default_rng(4)
    for seed in range(40):
        # Whole bits, so that many pairs tie; several graphs at once, so that components lie next to each other.
        pairs = [(one + k, other + k, round(bits)) for k in range(3) for one, other, bits in drawn(100 * seed + k)]
        mixed = [pairs[at] for at in chance.permutation(len(pairs))]
        turned = [(other, one, bits) if chance.random() < 0.5 else (one, other, bits) for one, other, bits in mixed]
        before, after = (clustered(edges(each), 0.0) for each in (pairs, turned))
        assert before[0].tolist() == after[0].tolist()
        assert before[1].tolist() == after[1].tolist()
        assert before[2] == after[2]


def test_a_cluster_does_not_depend_on_what_else_was_scored() -> None:
    graphs = [[(one + 1000 * k, other + 1000 * k, bits) for one, other, bits in drawn(k)] for k in range(30)]
    apart = [cluster for graph in graphs for cluster in clusters(graph)]
    assert clusters(list(itertools.chain(*graphs))) == apart
    assert cut(list(itertools.chain(*graphs))) == sum(cut(graph) for graph in graphs) > 0


def test_a_component_bears_its_smallest_node_however_long_its_path() -> None:
    size = 400
    order = np.random.default_rng(2).permutation(size)
    path = [order[each : each + 100] for each in range(0, size, 100)]
    left, right = (np.concatenate([nodes[at] for nodes in path]) for at in (slice(None, -1), slice(1, None)))
    label = components(left, right, size + 1)
    assert label[size] == size
    for nodes in path:
        assert set(label[nodes].tolist()) == {int(nodes.min())}


def test_one_to_one_takes_the_best_pairs_first() -> None:
    pairs = edges([(0, 10, 3.0), (0, 11, 9.0), (1, 11, 8.0), (1, 10, 2.0), (2, 12, -1.0)])
    kept = best_partners(pairs, 0.0)
    assert set(zip(kept.left.tolist(), kept.right.tolist(), kept.weight.tolist(), strict=True)) == {
        (0, 11, 9.0),
        (1, 10, 2.0),
    }


def test_of_equally_good_partners_the_first_record_is_taken_whatever_the_order_of_pairs() -> None:
    pairs = [(left, right, STRONG) for left in (0, 1, 2) for right in (10, 11, 12)]
    for order in itertools.islice(itertools.permutations(pairs), 0, 20_000, 997):
        kept = best_partners(edges(order), 0.0)
        assert sorted(zip(kept.left.tolist(), kept.right.tolist(), strict=True)) == [(0, 10), (1, 11), (2, 12)]


def test_one_to_one_leaves_no_linked_pair_of_which_both_records_are_free() -> None:
    chance = np.random.default_rng(6)
    pairs = [
        (left, 100 + right, float(chance.integers(-3, 8)))
        for left, right in itertools.product(range(30), range(40))
        if chance.random() < 0.2
    ]
    kept = best_partners(edges(pairs), 1.0)
    partner = dict(zip(kept.left.tolist(), kept.right.tolist(), strict=True))
    weight = dict(zip(kept.left.tolist(), kept.weight.tolist(), strict=True))
    weight |= dict(zip(kept.right.tolist(), kept.weight.tolist(), strict=True))
    assert len(partner) == len(set(partner.values())) == len(kept.left)
    assert kept.weight.min() >= 1.0
    for left, right, bits in pairs:
        assert bits < 1.0 or max(weight.get(left, -1.0), weight.get(right, -1.0)) >= bits


def clusters_of_two(pairs: Iterable[Pair]) -> list[list[int]]:
    """Clusters of records of two inputs, the left one of each pair of the first."""
    rids, label, _ = clustered(edges(pairs), 0.0, link=True)
    return [rids[label == each].tolist() for each in np.unique(label)]


def test_records_of_one_input_share_a_partner_where_that_input_repeats_subjects() -> None:
    stars = [(left, 1000 + 10 * left + right, STRONG) for left in range(40) for right in range(5)]
    doubtful = (0, 2000, WEAK)
    assert clusters_of_two([*stars, doubtful])[:2] == [
        [0, *range(1000, 1005), 2000],
        [1, *range(1010, 1015)],
    ]
    # The evidence against one of them counts as it always does.
    chain = (1, 1000, WEAK)
    assert [0, *range(1000, 1005)] in clusters_of_two([*stars, chain])


def test_where_no_input_repeats_a_subject_the_best_partner_is_kept() -> None:
    pairs = [(left, 1000 + left, STRONG) for left in range(40)]
    assert clusters_of_two([*pairs, (0, 2000, WEAK)])[0] == [0, 1000]
    assert clusters_of_two([*pairs, (41, 1000, WEAK)])[0] == [0, 1000]


def test_an_input_may_repeat_subjects_where_the_other_does_not() -> None:
    # Forty people, each of them in three shops; one shop is like a second person too.
    pairs = [(person, 1000 + 10 * person + shop, STRONG) for person in range(40) for shop in range(3)]
    found = clusters_of_two([*pairs, (1, 1000, WEAK)])
    assert found[:2] == [[0, 1000, 1001, 1002], [1, 1010, 1011, 1012]]
