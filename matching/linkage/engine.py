"""The engine from end to end: rows and the kinds of their columns in, scored pairs and what they were scored by out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.linkage import blocks, comparison, frequencies, parameters, plan, repeated
from matching.linkage.chance import RANDOM, Drawn, chances, rarities
from matching.linkage.comparison import Comparison, Wish
from matching.linkage.frequencies import Frequencies, Rarity
from matching.linkage.kinds import KINDS, rare_words
from matching.linkage.parameters import Groups, Parameters
from matching.linkage.records import Atom, atoms, known, standardised, within
from matching.linkage.related import Related, personal
from matching.linkage.repeated import Repetition
from matching.linkage.runs import Flags, Floats, Longs, distinct
from matching.linkage.trained import Blocking, Rule, Trained

Keep = Callable[[DataFrame], DataFrame]

# Records that fit, with all their forms, into the memory of every executor: beyond, pairs travel to the records.
# A million take more than a heap of 6 GB has for them.
_SMALL = 300_000
_RANDOM_PAIRS = 500_000
# Keys that are drawn, for each record of the sample.
_DRAWN = 4
_PAIRS_OF_PARENT = 50_000
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
# Agreement patterns that are counted, at most; the rarest beyond are left out of the estimation.
_MOST_PATTERNS = 1_000_000
# Pairs that are few for any machine.
LEAST_PAIRS = 4e6


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
        sample: records of an input, about, on which rules are chosen.
        seed: which records the sample holds.
    """

    link: bool
    blocking_rules: Sequence[str] | None = None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    cap: int = 200
    pairs_a_record: float = 15.0
    least_pairs: float = LEAST_PAIRS
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


@dataclass(frozen=True)
class Input:
    """Records ready to be linked.

    Attributes:
        records: as `standardise` leaves them.
        columns: column → kind.
        repetitions: columns that repeat others; they are compared by what they say beyond them.
        counts: number of records of each input.
        link: pairs only between the two inputs.
    """

    records: DataFrame
    columns: Mapping[str, str]
    repetitions: Sequence[Repetition]
    counts: tuple[int, ...]
    link: bool

    @property
    def repeats(self) -> dict[str, list[str]]:
        """Column → the columns that it repeats."""
        names = list(self.columns)
        return {names[each.whole]: [names[p] for p in each.parts] for each in self.repetitions}

    @property
    def possible(self) -> float:
        """Number of pairs, at least one."""
        if self.link:
            return float(self.counts[0] * self.counts[1])
        return max(self.counts[0] * (self.counts[0] - 1) / 2, 1.0)

    def possible_with(self, asked: Sequence[int]) -> float:
        """Number of pairs with a record that is asked for, of so many of each input, at least one."""
        others = [count - of for count, of in zip(self.counts, asked, strict=True)]
        return max(self.possible - (others[0] * others[-1] if self.link else others[0] * (others[0] - 1) / 2), 1.0)


def standardise(
    rows: DataFrame, columns: Mapping[str, str], keep: Keep, frozen: Trained | None = None
) -> tuple[DataFrame, Sequence[Repetition]]:
    """`records.standardised`, kept, every column without what others say already; and which columns repeat which.

    What says that nothing is known is null (`records.known`).
    """
    told = known(rows, columns)
    found = repeated.repetitions(told, columns) if frozen is None else frozen.repetitions
    return keep(standardised(repeated.said_once(told, found), columns)), found


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
    hashed = keep(_hashed(given, made, frequent, options))
    sample, rids = _sampled(given, hashed, len(made), options)
    planned, looked_at = _planned(given, hashed, sample, made, options)
    chosen = _arranged(given, options, planned.parents if frozen is None else frozen.parameters.parents)
    own = Blocking() if options.blocking_rules else _blocking(made, planned)
    blocking = frozen.blocking if frozen and frozen.blocking.rules else own
    prior = min(max(planned.matches / given.possible, 1e-12), 0.5)
    told("frequencies")
    found = frequencies.count(given.records, len(chosen), given.link)
    rare = frozen.rarities if frozen else _rare(planned.probable, looked_at, made, found)
    records = keep(comparison.prepared(frequencies.with_bits(given.records, found, chosen, rare), chosen, frequent))
    shown = _shown(records, _drawn(sample, made, rids, chosen, options.seed), chosen)
    chosen = _with_rarity(chosen, shown, found, prior) if frozen is None else list(frozen.comparisons)
    told("compare")
    keyed, rules = _keyed(given, hashed, made, blocking, options)
    pairs, groups, masks, cuts = _compared(given, keyed, rules, labels, records, chosen, options, keep)
    hashed.unpersist()
    told("model")
    learned = _learned(pairs, chosen, given, partial(_estimated, given, chosen, groups, found, shown, prior))
    trained = frozen or Trained(chosen, given.repetitions, rare, frequent, learned, blocking)
    match = parameters.probabilities(trained.parameters, groups)
    used = _used(rules, groups, masks, cuts, match)
    recall = planned.recall
    if options.blocking_rules or blocking != own:
        recall = _recall(float((groups.pairs * match)[masks & _all(rules) != 0].sum()), planned)
    scored = _scored(pairs, trained.parameters)
    return Linked(records, scored, trained, learned if frozen else None, used, recall, given.possible)


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
    hashed = _hashed(given, made, frozen.frequent, options)
    keyed, rules = _keyed(given, hashed, made, frozen.blocking, options)
    flagged = keyed.join(asked.select("rid", F.lit(True).alias("asked")), "rid", "left")
    told("frequencies")
    chosen = list(frozen.comparisons)
    found = frequencies.count(given.records, len(chosen), given.link)
    weighed = frequencies.with_bits(given.records, found, chosen, frozen.rarities)
    records = keep(comparison.prepared(weighed, chosen, frozen.frequent))
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


def _arranged(given: Input, options: Options, parents: Sequence[int | None]) -> list[Comparison]:
    """How each column is compared, and given which other one."""
    chosen = comparison.comparisons(given.columns, options.wishes)
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
    groups, masks = _counted(pairs, len(chosen), "rules")
    return pairs, groups, masks, blocks.cuts(observation, len(rules), len(masks))


def _scored(pairs: DataFrame, model: Parameters) -> DataFrame:
    weighed = pairs.withColumn("match_weight", F.round(parameters.match_weight(model), 6))
    return weighed.withColumn("match_probability", parameters.probability(F.col("match_weight")))


def _by_chance(chosen: Sequence[Comparison], found: Frequencies, prior: float) -> list[float]:
    """U of equal values, as far as is known before matches are."""
    return [
        frequencies.by_chance(found.agreeing[i], found.known[i], found.known[i] * prior * each.start[each.exact])
        for i, each in enumerate(chosen)
    ]


def _rare(
    probable: plan.Probable, drawn: plan.Sample | plan.Sharing, made: Sequence[Atom], found: Frequencies
) -> list[Rarity]:
    """What an equal value counts by how many records have it, a column each."""
    told = []
    for column, full in enumerate(plan.full_atoms(made, len(found.known))):
        value = drawn.keys[full][probable.left]
        same = (value != 0) & (value == drawn.keys[full][probable.right])
        told.append(frequencies.rarity(found, column, value[same], probable.matches[same]))
    return told


def _with_rarity(chosen: Sequence[Comparison], shown: Drawn, found: Frequencies, prior: float) -> list[Comparison]:
    """Comparisons with the share of a rare value's bits that counts by what the parent shows."""
    equal = _by_chance(chosen, found, prior)
    shares = rarities(chosen, chances(chosen, shown, equal, np.zeros(len(shown.draw))))
    return [replace(each, rarity=share) for each, share in zip(chosen, shares, strict=True)]


def _hashed(given: Input, made: Sequence[Atom], frequent: Mapping[int, Sequence[int]], options: Options) -> DataFrame:
    """Rid, source, order (a hash of the id), and `a<i>`, the hash of atom i, null where a record has none."""
    # Words and keys first, in columns of their own: Spark evaluates an expression at each mention.
    drawn = [i for i, kind in enumerate(given.columns.values()) if KINDS[kind].drawn]
    worded = given.records.withColumns({f"w{i}": rare_words(F.col(f"v{i}"), frequent.get(i, ())) for i in drawn})
    keyed = worded.withColumns({f"a{a}": atom.key for a, atom in enumerate(made)})
    hashes = [F.when(F.col(name).isNotNull(), F.xxhash64(name)).alias(name) for name in _names(len(made))]
    return keyed.select("rid", "source", F.xxhash64(F.lit(options.seed), "id").alias("order"), *hashes)


def _names(made: int) -> list[str]:
    return [f"a{a}" for a in range(made)]


def _sampled(given: Input, hashed: DataFrame, made: int, options: Options) -> tuple[plan.Sample, list[Longs]]:
    """Sampled records, about `options.sample` of each input; their rid, an array an input."""
    drawn = F.lit(False)
    for source, count in enumerate(given.counts):
        share = within(min(options.sample / count, 1))
        drawn = drawn | ((F.col("source") == source) & (F.col("order") <= share))
    right, columns = _on_driver(hashed.where(drawn), ["rid"], made)
    sizes = [int((right == side).sum()) for side in range(len(given.counts))]
    scale = given.counts[0] / max(sizes[0], 1)
    scale *= given.counts[-1] / max(sizes[-1], 1)
    sample = plan.Sample(columns[1:], right if given.link else None, scale)
    return sample, np.split(columns[0], np.cumsum(sizes)[:-1])


def _planned(
    given: Input, hashed: DataFrame, sample: plan.Sample, made: Sequence[Atom], options: Options
) -> tuple[plan.Plan, plan.Sample | plan.Sharing]:
    """The rules, and the records of which the pairs were looked at."""
    budget = max(options.pairs_a_record * sum(given.counts), options.least_pairs)
    seen = plan.survey(sample, made, list(given.columns.values()), budget)
    sharing = _sharing(given, hashed, seen, options)
    return plan.choose(seen, sharing), sharing or sample


def _sharing(given: Input, hashed: DataFrame, seen: plan.Survey, options: Options) -> plan.Sharing | None:
    """Records that share drawn keys of conjunctions in which matches agree; None: the sample has all there are."""
    records = max(given.counts)
    seeds = plan.seeds(seen, float(sum(given.counts))) if records > options.sample else ()
    if not seeds:
        return None
    share = min(_DRAWN * options.sample / records / len(seeds), 1.0)
    drawn = F.lit(0).cast("long")
    for number, seed in enumerate(seeds):
        names = [f"a{a}" for a in seed]
        present = reduce(Column.__and__, (F.col(name).isNotNull() for name in names))
        key = F.xxhash64(F.lit(options.seed), F.lit(number), *names)
        bit = F.when(present & (key <= within(share)), F.lit(1 << number).cast("long")).otherwise(0)
        drawn = drawn.bitwiseOR(bit)
    rows = hashed.withColumn("drawn", drawn).where("drawn <> 0")
    right, columns = _on_driver(rows, ["drawn"], len(seen.atoms))
    return plan.Sharing(columns[1:], right if given.link else None, seeds, share, columns[0])


def _on_driver(rows: DataFrame, first: Sequence[str], made: int) -> tuple[Flags, Longs]:
    """Whether records are of the second input, and some columns and their keys, in the order of a hash, an input each.

    The second is an array [column, record], 0 where there is nothing.
    """
    names = [*first, *_names(made)]
    table = rows.select(*dict.fromkeys(["source", "rid", "order", *names])).toArrow()
    by_hash = np.lexsort([table.column(name).to_numpy() for name in ("rid", "order", "source")])
    columns = np.stack([table.column(name).fill_null(0).to_numpy()[by_hash] for name in names])
    return table.column("source").to_numpy()[by_hash] == 1, columns


def _blocking(made: Sequence[Atom], planned: plan.Plan) -> Blocking:
    """The rules of a plan by the names of their keys."""
    names = [atom.name for atom in made]
    rules = (Rule(*(tuple(names[a] for a in of) for of in (rule.atoms, rule.refining))) for rule in planned.rules)
    return Blocking(tuple(rules), planned.recall)


def _keyed(
    given: Input, hashed: DataFrame, made: Sequence[Atom], blocking: Blocking, options: Options
) -> tuple[DataFrame, list[blocks.Keys]]:
    """Records with the columns that the rules read, and the rules: the user's, if he gave any."""
    if options.blocking_rules:
        return _keyed_by_user(given, options.blocking_rules)
    at = {atom.name: f"a{a}" for a, atom in enumerate(made)}
    return hashed, [
        blocks.Keys(", ".join(rule.atoms), [at[name] for name in rule.atoms], [at[name] for name in rule.refining])
        for rule in blocking.rules
    ]


def _keyed_by_user(given: Input, texts: Sequence[str]) -> tuple[DataFrame, list[blocks.Keys]]:
    """Records with `k<i>`, the hash of every rule of the user's, and `h<i>`, by which large blocks are split."""
    refining = [f"h{i}" for i in range(min(blocks.REFINING, len(given.columns)))]
    own = [F.col(_reserved(name)).alias(name) for name in ("rid", "source")]
    hashes = [F.xxhash64(_reserved(f"v{i}")).alias(name) for i, name in enumerate(refining)]
    keys = [user_key(text).alias(f"k{i}") for i, text in enumerate(texts)]
    hashed = named(given).select(*own, *hashes, *keys)
    return hashed, [blocks.Keys(text, [f"k{i}"], refining) for i, text in enumerate(texts)]


def user_key(text: str) -> Column:
    """Hash of a user's blocking rule: expressions of columns, comma-separated, over records as `named` leaves them."""
    # Text of several parts is null where any part is.
    return F.when(F.expr(f"concat({text})").isNotNull(), F.expr(f"xxhash64({text})"))


def named(given: Input) -> DataFrame:
    """The records with their standardised values under the columns' own names, which users' rules name.

    What is the engine's own (rid, source, `v<i>`) has names that no column of a user's has.
    """
    values = [f"whole{i}" if column in given.repeats else f"v{i}" for i, column in enumerate(given.columns)]
    own = ["rid", "source", *(f"v{i}" for i in range(len(given.columns)))]
    return given.records.select(
        *(F.col(name).alias(_reserved(name)) for name in own),
        *(F.col(value).alias(column) for value, column in zip(values, given.columns, strict=True)),
    )


def _reserved(name: str) -> str:
    return f"\N{SYMBOL FOR UNIT SEPARATOR}{name}"


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
    """Pairs of sampled records: l, r (rid), draw: `RANDOM` pairs, c pairs that share a key of column c."""
    rid = np.concatenate(rids)
    draws = [(*_random_pairs(rids, seed), RANDOM)]
    for parent in sorted({each.parent for each in chosen if each.parent is not None}):
        for atom in (a for a, atom in enumerate(made) if atom.columns == {parent}):
            one, other = plan.agreeing(sample, atom, _PAIRS_OF_PARENT)
            draws.append((rid[one], rid[other], parent))
    left, right = (np.concatenate([draw[side] for draw in draws]) for side in (0, 1))
    draw = np.repeat([draw[2] for draw in draws], [len(draw[0]) for draw in draws])
    apart = left != right
    return pa.table({"l": left[apart], "r": right[apart], "draw": draw[apart]})


def _random_pairs(rids: Sequence[Longs], seed: int) -> tuple[Longs, Longs]:
    """Pairs of sampled records, any as likely as any other: all that there are, where these are fewer."""
    left, right = rids[0], rids[-1]
    if len(rids) == 1 and len(left) * (len(left) - 1) // 2 <= _RANDOM_PAIRS:
        one, other = np.triu_indices(len(left), 1)
    elif len(rids) > 1 and len(left) * len(right) <= _RANDOM_PAIRS:
        one, other = (each.ravel() for each in np.indices((len(left), len(right))))
    else:
        generator = np.random.default_rng(seed)
        one, other = (generator.integers(0, len(each), _RANDOM_PAIRS) for each in (left, right))
    return left[one], right[other]


def _shown(records: DataFrame, drawn: pa.Table, chosen: Sequence[Comparison]) -> Drawn:
    """What drawn pairs show."""
    session = records.sparkSession
    rids = distinct(np.concatenate([drawn.column("l").to_numpy(), drawn.column("r").to_numpy()]))
    sampled = records.join(F.broadcast(session.createDataFrame(pa.table({"rid": rids}))), "rid", "left_semi")
    pairs = session.createDataFrame(drawn).repartition("l")
    compared = comparison.compared(pairs, F.broadcast(sampled), chosen).withColumn("label", F.lit(-1))
    groups, draw = _counted(compared, len(chosen), "draw")
    return Drawn(groups, draw.astype(np.int64))


def _counted(pairs: DataFrame, columns: int, by: str) -> tuple[Groups, Longs]:
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


def _learned(
    pairs: DataFrame, chosen: Sequence[Comparison], given: Input, estimated: Callable[..., Parameters]
) -> Parameters:
    """The model; things are told apart by a text, an address, a date or a number only where they come in families."""
    model = estimated()
    own = set(personal(chosen))
    told = {chosen[i].kind for each in model.related if not own.issuperset(each.own) for i in each.own}
    if not told:
        return model
    if told == {"identifier"}:
        in_families = _as_often_matched(pairs, model, given.link, given.counts[0]) >= _AS_OFTEN
    else:
        in_families = _partners(pairs, model, given.link) >= _FAMILY
    return model if in_families else estimated(may_be_told=False)


def _estimated(
    given: Input,
    chosen: Sequence[Comparison],
    groups: Groups,
    found: Frequencies,
    shown: Drawn,
    prior: float,
    *,
    may_be_told: bool = True,
) -> Parameters:
    """The model; u again when m is known, because drawn pairs and value counts hold matches too.

    `may_be_told`: see `parameters.estimate`.
    """
    agreeing = [known * prior * each.start[each.exact] for known, each in zip(found.known, chosen, strict=True)]
    alike = np.zeros(len(shown.draw))
    apart: tuple[float, ...] = (1.0,)
    related: Sequence[Related] | None = None
    for _ in range(_ROUNDS):
        before = prior
        exact = list(map(frequencies.by_chance, found.agreeing, found.known, agreeing))
        u = chances(chosen, shown, exact, alike)
        usual = chosen, groups, u, given.possible, prior
        model = parameters.estimate(*usual, apart=apart, related=related, may_be_told=may_be_told)
        prior, related = model.prior, model.related
        if len(chosen) >= _TOLD_APART:
            apart = parameters.apart(model, groups)
        if abs(prior / before - 1) < _SETTLED:
            break
        alike = parameters.alike(model, shown.groups)
        pairs = parameters.alike(model, groups) * groups.pairs
        agreeing = [float(pairs[groups.levels[i] == each.exact].sum()) for i, each in enumerate(chosen)]
    return model


def _partners(pairs: DataFrame, model: Parameters, link: bool) -> float:
    """How many related partners whoever has one has on average: of two inputs, on the side where these are fewer."""
    related = _from_each_end(pairs.where(_is_related(model)).select("l", "r"), link)
    found = related.agg(F.count("*"), F.approx_count_distinct("l"), F.approx_count_distinct("r")).first()
    count, left, right = found or (0, 0, 0)
    return float(count / max(left, right, 1))


def _as_often_matched(pairs: DataFrame, model: Parameters, link: bool, records: int) -> float:
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


def _from_each_end(pairs: DataFrame, link: bool) -> DataFrame:
    """Pairs as each of their records has them, which is `l`; those of two inputs as they are."""
    shown = [name for name in pairs.columns if name not in ("l", "r")]
    turned = pairs.select(F.col("r").alias("l"), F.col("l").alias("r"), *shown)
    return pairs if link else pairs.unionByName(turned)


def _is_related(model: Parameters) -> Column:
    return (parameters.weight_of_related(model) < -1) & (parameters.match_weight(model) < 0)


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
