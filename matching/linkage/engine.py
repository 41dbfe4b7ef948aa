"""The engine from end to end: rows and the kinds of their columns in, scored pairs and what they were scored by out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.linkage import (
    alone,
    blocks,
    comparison,
    dependence,
    drawing,
    equivalents,
    frequencies,
    keys,
    learning,
    parameters,
    plan,
)
from matching.linkage.chance import Drawn
from matching.linkage.comparison import Comparison
from matching.linkage.frequencies import Frequencies, Rarity
from matching.linkage.given import Input, Keep, Options
from matching.linkage.parameters import Groups, Parameters
from matching.linkage.records import Atom, atoms
from matching.linkage.runs import Floats, Longs, distinct
from matching.linkage.sample import Sample, Sharing
from matching.linkage.trained import Blocking, Rule, Trained

# Records that fit, with all their forms, into the memory of every executor: beyond, pairs travel to the records.
# A million take more than a heap of 6 GB has for them.
_SMALL = 300_000


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
        trained: what the pairs were scored by.
        learned: the model as these data have it, where they were scored by another one; else None.
        rules: the blocking rules.
        recall: estimated share of all matches that the rules propose; None where nothing says.
        possible: number of pairs that there are to propose.
        asked: number of records that were asked for; None: all.
    """

    records: DataFrame
    pairs: DataFrame
    trained: Trained
    learned: Parameters | None
    rules: Sequence[BlockingRule]
    recall: float | None
    possible: float
    asked: int | None = None

    @property
    def comparisons(self) -> Sequence[Comparison]:
        """How each column was compared."""
        return self.trained.comparisons

    @property
    def parameters(self) -> Parameters:
        """The model that the pairs were scored by."""
        return self.trained.parameters


def link(
    given: Input,
    labels: DataFrame | None,
    options: Options,
    keep: Keep,
    told: Callable[[str], None],
    frozen: Trained | None = None,
) -> Linked:
    """Propose pairs, estimate the model, score every pair.

    Args:
        given: the records.
        labels: l, r (rid), label (1 match, 0 none): pairs of which the truth is known; scored whatever the rules say.
        options: what the user decides.
        keep: computes a frame once and gives back one whose plan begins there.
        told: is given the name of each stage as it begins.
        frozen: what another run learned; pairs are proposed and scored by it, and the model is estimated only to be
            compared.
    """
    told("blocking")
    made = atoms(given.columns, plan.MAX_ATOMS)
    frequent = frozen.frequent if frozen else frequencies.frequent_words(given.records, list(given.columns.values()))
    hashed = keep(keys.of_atoms(given, made, frequent, options))
    sample, rids = drawing.sampled(given, hashed, len(made), options)
    planned, looked_at = _planned(given, hashed, sample, made, options)
    chosen = list(frozen.comparisons) if frozen else _arranged(given, planned, sample, looked_at, made, options)
    own = Blocking() if options.blocking_rules else _blocking(made, planned)
    blocking = frozen.blocking if frozen and frozen.blocking.rules else own
    prior = min(max(planned.matches / given.possible, 1e-12), 0.5)
    told("frequencies")
    found = frequencies.count(given.records, len(chosen), given.link)
    rare = frozen.rarities if frozen else learning.rare(planned.probable, looked_at, made, found)
    ready = partial(_ready, found=found, chosen=chosen, rare=rare, frequent=frequent)
    records, drawn = keep(ready(given.records)), drawing.pairs(sample, made, rids, chosen, options.seed)
    shown = _shown(given, records, ready, drawn, chosen, options.seed)
    chosen = chosen if frozen else learning.with_rarity(chosen, shown, found, prior)
    told("compare")
    keyed, rules = keys.of_rules(given, hashed, made, blocking, options)
    pairs, groups, masks, cuts = _compared(given, keyed, rules, labels, records, chosen, options, keep)
    hashed.unpersist()
    told("model")
    learned = learning.learned(pairs, given, chosen, groups, found, shown, prior)
    trained = frozen or Trained(chosen, given.repetitions, rare, frequent, learned, blocking)
    match = parameters.probabilities(trained.parameters, groups)
    used = _used(rules, groups, masks, cuts, match)
    recall = planned.recall
    if options.blocking_rules or blocking != own:
        recall = _recall(float((groups.pairs * match)[masks & _all(rules) != 0].sum()), planned)
    return Linked(
        records, _scored(pairs, trained.parameters), trained, learned if frozen else None, used, recall, given.possible
    )


def against_all(
    given: Input,
    asked: DataFrame,
    labels: DataFrame | None,
    options: Options,
    keep: Keep,
    told: Callable[[str], None],
    frozen: Trained,
) -> Linked:
    """The pairs of some records with all others: those that `link` finds by the same parameters, and no others.

    Args:
        given: all records.
        asked: rid, source: those that are asked for.
        labels: as of `link`; of pairs with a record that is asked for.
        options: what the user decides; blocking rules, if `frozen` has none.
        keep: computes a frame once and gives back one whose plan begins there.
        told: is given the name of each stage as it begins.
        frozen: what another run learned; by it pairs are proposed and scored.
    """
    told("blocking")
    made = atoms(given.columns, plan.MAX_ATOMS)
    hashed = keys.of_atoms(given, made, frozen.frequent, options)
    keyed, rules = keys.of_rules(given, hashed, made, frozen.blocking, options)
    flagged = keyed.join(asked.select("rid", F.lit(True).alias("asked")), "rid", "left")
    told("frequencies")
    chosen = list(frozen.comparisons)
    found = frequencies.count(given.records, len(chosen), given.link)
    records = keep(_ready(given.records, found, chosen, frozen.rarities, frozen.frequent))
    told("compare")
    is_asked = F.col("asked").isNotNull()
    if labels is not None:
        rids = asked.select("rid")
        ends = (labels.join(rids, labels[side] == rids["rid"], "left_semi") for side in ("l", "r"))
        labels = reduce(DataFrame.unionByName, ends).distinct()
    pairs, groups, masks, cuts = _compared(given, flagged, rules, labels, records, chosen, options, keep, is_asked)
    used = _used(rules, groups, masks, cuts, parameters.probabilities(frozen.parameters, groups))
    recall = None if options.blocking_rules else frozen.blocking.recall
    counts = {row["source"]: row["count"] for row in asked.groupBy("source").count().collect()}
    possible = given.possible_with([counts.get(source, 0) for source in range(len(given.counts))])
    scored = _scored(pairs, frozen.parameters)
    return Linked(records, scored, frozen, None, used, recall, possible, sum(counts.values()))


def equal_rows(given: Input, found: Linked, cap: int) -> DataFrame:
    """Rows of one subject that no block holds: those that more than `cap` rows are like in every column.

    They are compared in stretches, and what lies in one is not compared with what lies in another. Columns out: l (the
    first such row), r, match_weight. Of one input: rows of two are linked across.
    """
    values = [F.coalesce(f"v{i}", F.lit("\N{SYMBOL FOR NULL}")) for i in range(len(given.columns))]
    rows = given.records.select("rid", F.xxhash64(*values).alias("row"))
    many = rows.groupBy("row").agg(F.min("rid").alias("l"), F.count("*").alias("rows")).where(F.col("rows") > cap)
    pairs = many.join(rows, "row").where("l <> rid").select("l", F.col("rid").alias("r"))
    return _scored(comparison.compared(pairs, found.records, found.comparisons), found.parameters).select(
        "l", "r", "match_weight"
    )


def _planned(
    given: Input, hashed: DataFrame, sample: Sample, made: Sequence[Atom], options: Options
) -> tuple[plan.Plan, Sample | Sharing]:
    """The rules, and the records of which the pairs were looked at."""
    budget = max(options.pairs_a_record * sum(given.counts), options.least_pairs)
    seen = plan.survey(sample, made, list(given.columns.values()), budget)
    sharing = drawing.sharing(given, hashed, seen, options)
    return plan.choose(seen, sharing), sharing or sample


def _ready(
    records: DataFrame,
    found: Frequencies,
    chosen: Sequence[Comparison],
    rare: Sequence[Rarity],
    frequent: Mapping[int, Sequence[int]],
) -> DataFrame:
    """Records in the forms in which they compare."""
    return comparison.prepared(frequencies.with_bits(records, found, chosen, rare), chosen, frequent)


def _shown(
    given: Input,
    records: DataFrame,
    ready: Callable[[DataFrame], DataFrame],
    drawn: pa.Table,
    chosen: Sequence[Comparison],
    seed: int,
) -> Drawn:
    """What drawn pairs show: where a text is all there is, of records and texts that chance would make."""
    if not alone.has_words(chosen):
        return learning.shows(records, drawn, chosen)
    by_chance = ready(alone.by_chance(given.records, distinct(drawn.column("r").to_numpy()), seed))
    return learning.shows(records.unionByName(by_chance), alone.against_chance(drawn), chosen)


def _blocking(made: Sequence[Atom], planned: plan.Plan) -> Blocking:
    """The rules of a plan by the names of their keys."""
    names = [atom.name for atom in made]
    rules = (Rule(*(tuple(names[a] for a in of) for of in (rule.atoms, rule.refining))) for rule in planned.rules)
    return Blocking(tuple(rules), planned.recall)


def _arranged(
    given: Input,
    planned: plan.Plan,
    sample: Sample,
    looked_at: Sample | Sharing,
    made: Sequence[Atom],
    options: Options,
) -> list[Comparison]:
    """How each column is compared, which of its values stand for one another, and given which other column."""
    stand = equivalents.learned(planned.probable, looked_at, made, given.columns)
    chosen, parents = comparison.comparisons(given.columns, options.wishes, stand), planned.parents
    if stand:
        # Under other names columns depend on each other as well.
        parents = dependence.tree(equivalents.as_one(sample, made, given.columns, stand), made, len(chosen))
    return [replace(each, parent=parent) for each, parent in zip(chosen, parents, strict=True)]


def _compared(
    given: Input,
    keyed: DataFrame,
    rules: Sequence[blocks.Keys],
    labels: DataFrame | None,
    records: DataFrame,
    chosen: Sequence[Comparison],
    options: Options,
    keep: Keep,
    asked: Column | None = None,
) -> tuple[DataFrame, Groups, Longs, list[blocks.Cut]]:
    """Pairs that the rules propose and what they show; the same counted, with the rules; what the cap did to each."""
    proposed, observation = blocks.candidates(keyed, rules, options.cap, given.link, sum(given.counts), asked)
    every = _with_labels(proposed, labels, len(rules))
    pairs = keep(comparison.compared(every, _spread(records, given), chosen))
    groups, masks = learning.groups_of(pairs, len(chosen), "rules")
    return pairs, groups, masks, blocks.cuts(observation, len(rules), len(masks))


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


def _scored(pairs: DataFrame, model: Parameters) -> DataFrame:
    weighed = pairs.withColumn("match_weight", F.round(parameters.match_weight(model), 6))
    return weighed.withColumn("match_probability", parameters.probability(F.col("match_weight")))


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


def _all(rules: Sequence[blocks.Keys]) -> np.int64:
    """Bits of all rules."""
    return np.int64((1 << len(rules)) - 1)


def _recall(expected: float, planned: plan.Plan) -> float:
    """Recall of rules that were not planned here: expected matches of their pairs over all that there may be."""
    return min(expected / max(planned.matches / max(planned.recall or 1.0, 1e-9), 1.0), 1.0)
