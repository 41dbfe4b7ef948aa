"""What is learned from pairs: what a rare value counts, and the match model, m and u in turns.

Pairs are counted by what they show, on the cluster; the model is estimated from these counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.linkage import alone, comparison, frequencies, parameters
from matching.linkage.chance import Drawn, chances, rarities
from matching.linkage.comparison import Comparison, gamma
from matching.linkage.frequencies import Frequencies, Rarity
from matching.linkage.given import Input
from matching.linkage.parameters import Groups, Parameters
from matching.linkage.patterns import Probable
from matching.linkage.records import Atom
from matching.linkage.related import Related, births_of_one, names, own_levels, personal
from matching.linkage.runs import Longs, distinct
from matching.linkage.sample import Sample, Sharing, full_atoms

# How often m and u are estimated, each given the other.
_ROUNDS = 8
# Change of the prior from which no more is to come.
_SETTLED = 0.003
# Columns from which it is learned whether errors come together.
_TOLD_APART = 4
# Related partners on average, from which related pairs are of families (of songs, of months of a rent): things that a
# text or a date tells apart. Who has one partner alone, as much alike, has found himself, whatever that text says.
# Of what a number tells apart there may be few pairs; whoever has such a partner has a match as often as others, where
# he has not found himself under another number.
_FAMILY = 1.5
_AS_OFTEN = 0.5
# Share of the matches that look like twins from which these are asked about; how many times as often as whoever has
# found himself once has found himself twice records have a match at all, where that can tell.
_LIKE_TWINS = 0.01
_TELLING = 2.0
# Share of these that are two people from which they are told from matches; of the others so many are, at least.
_MOSTLY = 0.5
_RENAMED = 0.05
# Agreement patterns that are counted, at most; the rarest beyond are left out of the estimation.
_MOST_PATTERNS = 1_000_000


def rare(probable: Probable, drawn: Sample | Sharing, made: Sequence[Atom], found: Frequencies) -> list[Rarity]:
    """What an equal value counts by how many records have it, a column each."""
    told = []
    for column, full in enumerate(full_atoms(made, len(found.known))):
        value = drawn.keys[full][probable.left]
        same = (value != 0) & (value == drawn.keys[full][probable.right])
        told.append(frequencies.rarity(found, column, value[same], probable.matches[same]))
    return told


def with_rarity(chosen: Sequence[Comparison], shown: Drawn, found: Frequencies, prior: float) -> list[Comparison]:
    """Comparisons with the share of a rare value's bits that counts by what the parent shows."""
    equal = _by_chance(chosen, found, shown, prior)
    shares = rarities(chosen, chances(chosen, shown, equal, np.zeros(len(shown.draw))))
    return [replace(each, rarity=share) for each, share in zip(chosen, shares, strict=True)]


def _by_chance(chosen: Sequence[Comparison], found: Frequencies, shown: Drawn, prior: float) -> list[float]:
    """U of equal values, as far as is known before matches are."""
    agreeing = _matches_agreeing(chosen, found, shown, prior)
    return list(map(frequencies.by_chance, found.agreeing, found.known, agreeing))


def _matches_agreeing(chosen: Sequence[Comparison], found: Frequencies, shown: Drawn, prior: float) -> list[float]:
    """Matches with equal values, a column each, as many as there are by the starting values."""
    if alone.is_alone(chosen):
        return [
            found.agreeing[0]
            - alone.equal_by_chance(chosen[0], shown.groups.levels[0], shown.groups.pairs) * found.known[0]
        ]
    return [known * prior * each.start[each.exact] for known, each in zip(found.known, chosen, strict=True)]


def shows(records: DataFrame, drawn: pa.Table, chosen: Sequence[Comparison]) -> Drawn:
    """What drawn pairs show."""
    session = records.sparkSession
    rids = distinct(np.concatenate([drawn.column("l").to_numpy(), drawn.column("r").to_numpy()]))
    sampled = records.join(F.broadcast(session.createDataFrame(pa.table({"rid": rids}))), "rid", "left_semi")
    pairs = session.createDataFrame(drawn).repartition("l")
    compared = comparison.compared(pairs, F.broadcast(sampled), chosen).withColumn("label", F.lit(-1))
    groups, draw = groups_of(compared, len(chosen), "draw")
    return Drawn(groups, draw.astype(np.int64))


def groups_of(pairs: DataFrame, columns: int, by: str) -> tuple[Groups, Longs]:
    """Pairs counted by what they show and by another column; in one order, whatever the partitions."""
    names = [*comparison.packs(columns), by, "bits", "label"]
    counted = pairs.withColumn("bits", F.round("frequency").cast("int")).groupBy(*names).count()
    table = counted.orderBy(F.desc("count"), *names).limit(_MOST_PATTERNS).toArrow()
    column = {name: table.column(name).to_numpy() for name in table.column_names}
    levels = []
    for i in range(columns):
        name, shift = comparison.place(i)
        levels.append(((column[name] >> shift) & comparison.MASK) + comparison.NULL)
    groups = Groups(levels, column["bits"].astype(float), column["count"].astype(float), column["label"].astype(int))
    return groups, column[by]


def learned(
    pairs: DataFrame,
    given: Input,
    chosen: Sequence[Comparison],
    groups: Groups,
    found: Frequencies,
    shown: Drawn,
    prior: float,
) -> Parameters:
    """The model; things are told apart by a text, an address, a date or a number only where they come in families.

    Args:
        pairs: l, r (rid) and their patterns: all that are compared.
        given: the records.
        chosen: the comparisons.
        groups: the pairs, counted by what they show.
        found: how many records have their values.
        shown: what drawn pairs show.
        prior: probability that two random records match, to start from.
    """
    settled = partial(_settled, given, chosen, groups, found, shown, prior)
    model = settled()
    own = set(personal(chosen))
    told = {chosen[i].kind for each in model.related if not own.issuperset(each.own) for i in each.own}
    if told == {"identifier"}:
        in_families = as_often_matched(pairs, model, given.link, given.counts[0]) >= _AS_OFTEN
    else:
        in_families = not told or partners(pairs, model, given.link) >= _FAMILY
    if not in_families:
        settled = partial(settled, may_be_told=False)
        model = settled()
    like_twins = parameters.like_twins(model, chosen, groups)
    if like_twins < _LIKE_TWINS:
        return model
    share = twins(pairs, model, chosen, given.link, given.counts[0])
    return model if share < _MOSTLY else settled(renamed=max(1 - share, _RENAMED) * like_twins)


def _settled(
    given: Input,
    chosen: Sequence[Comparison],
    groups: Groups,
    found: Frequencies,
    shown: Drawn,
    prior: float,
    *,
    may_be_told: bool = True,
    renamed: float | None = None,
) -> Parameters:
    """The model; u again when m is known, because drawn pairs and value counts hold matches too.

    `may_be_told`, `renamed`: see `parameters.estimate`.
    """
    agreeing = _matches_agreeing(chosen, found, shown, prior)
    alike = np.zeros(len(shown.draw))
    apart: tuple[float, ...] = (1.0,)
    related: Sequence[Related] | None = None
    for _ in range(_ROUNDS):
        before = prior
        exact = list(map(frequencies.by_chance, found.agreeing, found.known, agreeing))
        u = chances(chosen, shown, exact, alike)
        usual = chosen, groups, u, given.possible, prior
        model = parameters.estimate(*usual, apart=apart, related=related, may_be_told=may_be_told, renamed=renamed)
        prior, related = model.prior, model.related
        if len(chosen) >= _TOLD_APART:
            apart = parameters.apart(model, groups)
        if abs(prior / before - 1) < _SETTLED:
            break
        if alone.is_alone(chosen):
            continue
        alike = parameters.alike(model, shown.groups)
        pairs = parameters.alike(model, groups) * groups.pairs
        agreeing = [float(pairs[groups.levels[i] == each.exact].sum()) for i, each in enumerate(chosen)]
    return model


def partners(pairs: DataFrame, model: Parameters, link: bool) -> float:
    """How many related partners whoever has one has on average: of two inputs, on the side where these are fewer."""
    related = _from_each_end(pairs.where(_is_related(model)).select("l", "r"), link)
    # Not approximately: that would go by the records' numbers, which go by the partitions.
    found = related.agg(F.count("*"), F.count_distinct("l"), F.count_distinct("r")).first()
    count, left, right = found or (0, 0, 0)
    return float(count / max(left, right, 1))


def as_often_matched(pairs: DataFrame, model: Parameters, link: bool, records: int) -> float:
    """How many times as often as any of so many records one with related partners has a match; of two, the first's."""
    is_match = parameters.match_weight(model) >= 0
    known = pairs.select("l", "r", _is_related(model).alias("related"), is_match.alias("match"))
    of = (
        _from_each_end(known, link)
        .groupBy("l")
        .agg(F.bool_or("related").alias("related"), F.bool_or("match").alias("match"))
    )
    both = F.count_if(F.col("related") & F.col("match"))
    found = of.agg(both, F.count_if("related"), F.count_if("match")).first() or (0, 0, 0)
    return float(found[0] / max(found[1], 1) * records / max(found[2], 1))


def twins(pairs: DataFrame, model: Parameters, chosen: Sequence[Comparison], link: bool, records: int) -> float:
    """Share of those who match but for the name that are two people, and not one under two names; 0: nothing tells.

    `records`: how many there are, of two inputs in the first.

    Two people have found themselves under their own names as often as anybody has; one who bears both names is found
    under either of them once more as seldom as anybody is who has been found once. Where most have been found more
    than once these are the same.
    """
    named = reduce(Column.__or__, (gamma(i).isin(own_levels(chosen, i)) for i in names(chosen)))
    has_name = reduce(Column.__or__, (gamma(i) != comparison.NULL for i in names(chosen)))
    born = reduce(Column.__or__, (gamma(i) == chosen[i].exact for i in births_of_one(chosen)))
    alike = pairs.where((parameters.match_weight(model) >= 0) & (named | (has_name & born)))
    of = _from_each_end(alike.select("l", "r", named.alias("own")), link).groupBy("l")
    counted = of.agg(F.count_if("own").alias("own"), F.count_if(~F.col("own")).alias("others"))
    has_other, found = F.col("others") > 0, F.col("own") > 0
    asked = [has_other & found, has_other, F.col("own") > 1, found]
    both, having, twice, once = counted.agg(*map(F.count_if, asked)).first() or (0, 0, 0, 0)
    again, usual = twice / max(once, 1), once / max(records, 1)
    if usual <= _TELLING * again:
        return 0.0
    return float(np.clip((both / max(having, 1) - again) / (usual - again), 0.0, 1.0))


def _from_each_end(pairs: DataFrame, link: bool) -> DataFrame:
    """Pairs as each of their records has them, which is `l`; those of two inputs as they are."""
    shown = [name for name in pairs.columns if name not in ("l", "r")]
    turned = pairs.select(F.col("r").alias("l"), F.col("l").alias("r"), *shown)
    return pairs if link else pairs.unionByName(turned)


def _is_related(model: Parameters) -> Column:
    return (parameters.weight_of_related(model) < -1) & (parameters.match_weight(model) < 0)
