"""The engine from end to end: rows and the kinds of their columns in, scored pairs and what they were scored by out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from matching.linkage import blocks, comparison, frequencies, parameters, plan
from matching.linkage.comparison import Comparison, Wish
from matching.linkage.frequencies import Frequencies
from matching.linkage.parameters import ALONE, APART, EQUAL, Floats, Groups, Longs, Parameters
from matching.linkage.records import Atom, atoms, standardised

Keep = Callable[[DataFrame], DataFrame]

# Records that fit into the memory of every executor: beyond, pairs travel to the records instead.
_SMALL = 3_000_000
_RANDOM_PAIRS = 500_000
_PAIRS_OF_PARENT = 50_000
# Agreement patterns that are counted, at most; the rarest beyond are left out of the estimation.
_MOST_PATTERNS = 1_000_000
LABELS = "labels"


@dataclass(frozen=True)
class Options:
    """What the user decides.

    Attributes:
        link: pairs only between the two inputs.
        blocking_rules: expressions of columns, comma-separated, whose equality proposes a pair; None: the engine
            chooses.
        wishes: column → what is wanted of its comparison.
        cap: records of a block above which it is split.
        pairs_a_record: pairs that may be compared, for each record.
        least_pairs: pairs that may be compared however few records there are.
        sample: records of an input on which rules are chosen.
        seed: which records the sample holds.
    """

    link: bool
    blocking_rules: Sequence[str] | None = None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    cap: int = 200
    pairs_a_record: float = 15.0
    least_pairs: float = 4e6
    sample: int = 50_000
    seed: int = 1


@dataclass(frozen=True)
class BlockingRule:
    """A rule that was used.

    Attributes:
        text: what people read.
        pairs, first: pairs that it proposes; those that no rule before it does.
        expected_matches: expected number of matches among its pairs.
        blocks_refined, pairs_cut: blocks that were split, and pairs of theirs that are not compared.
    """

    text: str
    pairs: int
    first: int
    expected_matches: float
    blocks_refined: int
    pairs_cut: int


@dataclass(frozen=True)
class Linked:
    """What the engine found.

    Attributes:
        records: rid, source, id, and what `comparison.prepared` adds.
        pairs: l, r (rid), rules, `pattern_<j>`, frequency, label, match_weight, match_probability: every scored pair.
        comparisons: how each column was compared.
        parameters: the estimated model.
        rules: the blocking rules.
        recall: estimated share of all matches that the rules propose.
        possible: number of pairs of all records.
    """

    records: DataFrame
    pairs: DataFrame
    comparisons: Sequence[Comparison]
    parameters: Parameters
    rules: Sequence[BlockingRule]
    recall: float
    possible: float


@dataclass(frozen=True)
class Input:
    """Records ready to be linked.

    Attributes:
        records: as `records.standardised` leaves them, kept.
        columns: column → kind.
        counts: number of records of each input.
        link: pairs only between the two inputs.
    """

    records: DataFrame
    columns: Mapping[str, str]
    counts: tuple[int, ...]
    link: bool

    @property
    def possible(self) -> float:
        """Number of pairs."""
        if self.link:
            return float(self.counts[0] * self.counts[1])
        return self.counts[0] * (self.counts[0] - 1) / 2


def standardise(rows: DataFrame, columns: Mapping[str, str], keep: Keep) -> DataFrame:
    """`records.standardised`, kept."""
    return keep(standardised(rows, columns))


def link(given: Input, labels: DataFrame | None, options: Options, keep: Keep, told: Callable[[str], None]) -> Linked:
    """Propose pairs, estimate the model, score every pair.

    Args:
        given: the records.
        labels: l, r (rid), label (1 match, 0 none): pairs of which the truth is known; scored whatever the rules say.
        options: what the user decides.
        keep: computes a frame once and gives back one whose plan begins there.
        told: is given the name of each stage as it begins.
    """
    told("blocking")
    chosen = comparison.comparisons(given.columns, options.wishes)
    made = atoms(given.columns)[: plan.MAX_ATOMS]
    sample, rids = _sampled(given, made, options)
    budget = max(options.pairs_a_record * sum(given.counts), options.least_pairs)
    planned = plan.choose(sample, made, len(chosen), budget)
    chosen = [replace(each, parent=parent) for each, parent in zip(chosen, planned.parents, strict=True)]
    rules = [user_rule(text, chosen) for text in options.blocking_rules or ()] or [
        _keys(made, rule) for rule in planned.rules
    ]
    prior = min(max(planned.matches / given.possible, 1e-12), 0.5)
    told("frequencies")
    found = frequencies.count(given.records, len(chosen), given.link)
    equal = [
        frequencies.by_chance(found.agreeing[i], found.known[i], each.start[each.exact], prior)
        for i, each in enumerate(chosen)
    ]
    own = planned.matches / sum(given.counts) * (1 if given.link else 2)
    records = keep(comparison.prepared(frequencies.with_bits(given.records, found, chosen, equal, own), chosen))
    levels = _drawn_levels(records, _drawn(sample, made, rids, chosen, options.seed), chosen)
    told("compare")
    candidates, observation = blocks.candidates(named(given), rules, options.cap, given.link)
    candidates = _with_labels(candidates, labels, len(rules))
    pairs = keep(comparison.compared(candidates, _spread(records, given), chosen))
    told("model")
    groups, masks = _counted(pairs, len(chosen))
    model = _estimated(given, chosen, groups, found, levels, prior)
    scored = pairs.withColumn("match_weight", F.round(parameters.match_weight(model), 6))
    scored = scored.withColumn("match_probability", parameters.probability(F.col("match_weight")))
    used = _used(rules, groups, masks, blocks.cuts(observation, len(rules)), parameters.probabilities(model, groups))
    recall = planned.recall if options.blocking_rules is None else _recall(used, planned)
    return Linked(records, scored, chosen, model, used, recall, given.possible)


def _sampled(given: Input, made: Sequence[Atom], options: Options) -> tuple[plan.Sample, list[Longs]]:
    """Keys of sampled records on the driver, at most `options.sample` of each input; their rid, an array an input."""
    keys, rids = [], []
    for source, _ in enumerate(given.counts):
        order = F.xxhash64(F.lit(options.seed), F.col("id")), F.col("id")
        picked = given.records.where(F.col("source") == source).orderBy(*order).limit(options.sample)
        hashed = [
            F.when(atom.key.isNotNull(), F.xxhash64(atom.key)).otherwise(0).alias(f"a{i}")
            for i, atom in enumerate(made)
        ]
        table = picked.select("rid", *hashed).toArrow()
        keys.append(np.stack([table.column(f"a{i}").to_numpy() for i in range(len(made))]))
        rids.append(table.column("rid").to_numpy())
    right = np.repeat([False, True], [len(each) for each in rids]) if given.link else None
    sizes = [(len(each), count) for each, count in zip(rids, given.counts, strict=True)]
    scale = sizes[0][1] / max(sizes[0][0], 1)
    scale *= sizes[-1][1] / max(sizes[-1][0], 1)
    return plan.Sample(np.concatenate(keys, axis=1), right, scale), rids


def _keys(made: Sequence[Atom], rule: plan.Rule) -> blocks.Keys:
    keys = [made[a].key for a in rule.atoms]
    present = F.lit(True)
    for key in keys:
        present = present & key.isNotNull()
    name = ", ".join(made[a].name for a in rule.atoms)
    return blocks.Keys(
        name, F.when(present, F.xxhash64(F.lit(name), *keys)), [F.xxhash64(made[a].key) for a in rule.refining]
    )


def user_rule(text: str, chosen: Sequence[Comparison]) -> blocks.Keys:
    """A user's blocking rule: expressions of columns, comma-separated, over records as `named` leaves them."""
    # Text of several parts is null where any part is.
    key = F.when(F.expr(f"concat({text})").isNotNull(), F.expr(f"xxhash64({text})"))
    return blocks.Keys(text, key, [F.xxhash64(f"v{i}") for i in range(min(blocks.REFINING, len(chosen)))])


def named(given: Input) -> DataFrame:
    """The records with their compared values under the columns' own names too, which users' rules name."""
    return given.records.withColumns({column: F.col(f"v{i}") for i, column in enumerate(given.columns)})


def _spread(records: DataFrame, given: Input) -> DataFrame:
    return F.broadcast(records) if sum(given.counts) <= _SMALL else records


def _with_labels(candidates: DataFrame, labels: DataFrame | None, bit: int) -> DataFrame:
    """Candidates and labelled pairs, with `label`: -1 where a pair has none."""
    proposed = candidates.withColumn("label", F.lit(-1))
    if labels is None:
        return proposed
    known = labels.select("l", "r", F.expr(f"shiftleft(1L, {bit})").alias("rules"), "label")
    both = proposed.unionByName(known).groupBy("l", "r")
    return both.agg(F.bit_or("rules").alias("rules"), F.max("label").alias("label"))


def _drawn(
    sample: plan.Sample, made: Sequence[Atom], rids: Sequence[Longs], chosen: Sequence[Comparison], seed: int
) -> pa.Table:
    """Pairs of sampled records: l, r (rid), draw: -1 random pairs, c pairs of equal values in column c."""
    rid, full = np.concatenate(rids), plan.full_atoms(made, len(chosen))
    generator = np.random.default_rng(seed)
    ends = [generator.integers(0, len(each), _RANDOM_PAIRS) for each in (rids[0], rids[-1])]
    draws = [(rids[0][ends[0]], rids[-1][ends[1]], -1)]
    for parent in sorted({each.parent for each in chosen if each.parent is not None}):
        one, other = plan.agreeing(sample, full[parent], _PAIRS_OF_PARENT)
        draws.append((rid[one], rid[other], parent))
    left, right = (np.concatenate([draw[side] for draw in draws]) for side in (0, 1))
    draw = np.repeat([draw[2] for draw in draws], [len(draw[0]) for draw in draws])
    apart = left != right
    return pa.table({"l": left[apart], "r": right[apart], "draw": draw[apart]})


def _drawn_levels(records: DataFrame, drawn: pa.Table, chosen: Sequence[Comparison]) -> dict[int, list[Floats]]:
    """Levels that drawn pairs show: draw → a column each, the number of pairs of each gamma."""
    session = records.sparkSession
    rids = np.unique(np.concatenate([drawn.column("l").to_numpy(), drawn.column("r").to_numpy()]))
    sampled = records.join(F.broadcast(session.createDataFrame(pa.table({"rid": rids}))), "rid", "left_semi")
    pairs = session.createDataFrame(drawn).repartition("l")
    shown = comparison.compared(pairs, F.broadcast(sampled), chosen).groupBy("draw")
    cells = [(i, g) for i, each in enumerate(chosen) for g in range(len(each.levels))]
    sums = [F.count(F.when(comparison.gamma(i) == g, 1)).alias(f"n{i}_{g}") for i, g in cells]
    return {
        row.draw: [
            np.array([float(row[f"n{i}_{g}"]) for g in range(len(each.levels))]) for i, each in enumerate(chosen)
        ]
        for row in shown.agg(*sums).collect()
    }


def _counted(pairs: DataFrame, columns: int) -> tuple[Groups, Longs]:
    """Pairs counted by what they show, and the rules that proposed them; in one order, whatever the partitions."""
    names = [*comparison.packs(columns), "rules", "bits", "label"]
    counted = pairs.withColumn("bits", F.round("frequency").cast("int")).groupBy(*names).count()
    table = counted.orderBy(F.desc("count"), *names).limit(_MOST_PATTERNS).toArrow()
    column = {name: table.column(name).to_numpy() for name in table.column_names}
    levels = []
    for i in range(columns):
        name, shift = comparison.place(i)
        levels.append(((column[name] >> shift) & 7) + comparison.NULL)
    groups = Groups(levels, column["bits"].astype(float), column["count"].astype(float), column["label"].astype(int))
    return groups, column["rules"]


def _estimated(
    given: Input,
    chosen: Sequence[Comparison],
    groups: Groups,
    found: Frequencies,
    levels: Mapping[int, Sequence[Floats]],
    prior: float,
) -> Parameters:
    """The model; u once more when m is known, because drawn pairs and value counts hold matches too."""
    m = [np.tile(np.array(each.start) / sum(each.start), (3, 1)) for each in chosen]
    marginals = [each[ALONE] for each in m]
    for _ in range(2):
        u = []
        for i, each in enumerate(chosen):
            exact = frequencies.by_chance(found.agreeing[i], found.known[i], float(marginals[i][each.exact]), prior)
            alone = _chances(each, exact, levels[-1][i], prior * marginals[i])
            u.append(np.tile(alone, (3, 1)))
            if each.parent is not None:
                equal = chosen[each.parent].exact
                share = found.agreeing[each.parent] / max(found.known[each.parent], 1.0)
                matches = min(prior * marginals[each.parent][equal] / max(share, 1e-12), 1.0)
                drawn = levels.get(each.parent, levels[-1])[i]
                u[i][EQUAL] = _conditional(alone, drawn, matches * m[i][EQUAL])
                u[i][APART] = _rest(alone, u[i][EQUAL], share)
        model = parameters.estimate(chosen, groups, u, given.possible, prior)
        m, prior = list(model.m), model.prior
        marginals = [parameters.marginal(model, i)[0] for i in range(len(chosen))]
    return model


def _conditional(alone: Floats, drawn: Floats, of_matches: Floats) -> Floats:
    """U where the parent's values are equal, of pairs drawn among these, less the matches in them."""
    counts = np.maximum(drawn - drawn.sum() * of_matches, 0) + alone
    return np.asarray(counts / counts.sum())


def _rest(alone: Floats, equal: Floats, share: float) -> Floats:
    """U where the parent's values are not equal: what is left of u."""
    rest = np.maximum(alone - share * equal, 0.02 * alone)
    return np.asarray(rest / rest.sum())


def _chances(each: Comparison, exact: float, random: Floats, of_matches: Floats) -> Floats:
    """U of every level: equal values as their counts say, the others by random pairs, less the matches in them."""
    others = np.maximum(random - random.sum() * of_matches, 0.3)
    others[each.exact] = 0
    u = others / others.sum() * (1 - exact)
    u[each.exact] = exact
    return np.asarray(u)


def _used(
    rules: Sequence[blocks.Keys], groups: Groups, masks: Longs, cuts: Sequence[blocks.Cut], match: Floats
) -> list[BlockingRule]:
    used = []
    for i, (rule, cut) in enumerate(zip(rules, cuts, strict=True)):
        fires = (masks >> i) & 1 == 1
        first = fires & (masks & ((1 << i) - 1) == 0)
        expected = float((groups.pairs * match)[fires].sum())
        used.append(
            BlockingRule(
                rule.text,
                int(groups.pairs[fires].sum()),
                int(groups.pairs[first].sum()),
                expected,
                cut.blocks,
                cut.pairs,
            )
        )
    return used


def _recall(used: Sequence[BlockingRule], planned: plan.Plan) -> float:
    """Recall of a user's rules: their expected matches over those that the engine's own rules would have found."""
    return min(max(rule.expected_matches for rule in used) / max(planned.matches / max(planned.recall, 1e-9), 1.0), 1.0)
