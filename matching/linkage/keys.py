"""Keys of the records, as blocking reads them: the hash of each atom, or of the rules that a user gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.linkage import blocks
from matching.linkage.given import Input, Options
from matching.linkage.kinds import KINDS, rare_words
from matching.linkage.records import Atom
from matching.linkage.trained import Blocking


def of_atoms(given: Input, made: Sequence[Atom], frequent: Mapping[int, Sequence[int]], options: Options) -> DataFrame:
    """Rid, source, order (a hash of the id), and `a<i>`, the hash of atom i, null where a record has none."""
    # Words and keys first, in columns of their own: Spark evaluates an expression at each mention.
    drawn = [i for i, kind in enumerate(given.columns.values()) if KINDS[kind].drawn]
    worded = given.records.withColumns({f"w{i}": rare_words(F.col(f"v{i}"), frequent.get(i, ())) for i in drawn})
    keyed = worded.withColumns({f"a{a}": atom.key for a, atom in enumerate(made)})
    hashes = [F.when(F.col(name).isNotNull(), F.xxhash64(name)).alias(name) for name in atom_names(len(made))]
    return keyed.select("rid", "source", F.xxhash64(F.lit(options.seed), "id").alias("order"), *hashes)


def atom_names(made: int) -> list[str]:
    """Names of the columns that hold the hashes of so many atoms."""
    return [f"a{a}" for a in range(made)]


def of_rules(
    given: Input, hashed: DataFrame, made: Sequence[Atom], blocking: Blocking, options: Options
) -> tuple[DataFrame, list[blocks.Keys]]:
    """Records with the columns that the rules read, and the rules: the user's, if he gave any."""
    if options.blocking_rules:
        return _of_user_rules(given, options.blocking_rules)
    at = {atom.name: f"a{a}" for a, atom in enumerate(made)}
    return hashed, [
        blocks.Keys(", ".join(rule.atoms), [at[name] for name in rule.atoms], [at[name] for name in rule.refining])
        for rule in blocking.rules
    ]


def _of_user_rules(given: Input, texts: Sequence[str]) -> tuple[DataFrame, list[blocks.Keys]]:
    """Records with `k<i>`, the hash of every rule of the user's, and `h<i>`, by which large blocks are split."""
    refining = [f"h{i}" for i in range(min(blocks.REFINING, len(given.columns)))]
    own = [F.col(_reserved(name)).alias(name) for name in ("rid", "source")]
    hashes = [F.xxhash64(_reserved(f"v{i}")).alias(name) for i, name in enumerate(refining)]
    keys = [user_key(text, given.columns).alias(f"k{i}") for i, text in enumerate(texts)]
    hashed = named(given).select(*own, *hashes, *keys)
    return hashed, [blocks.Keys(text, [f"k{i}"], refining) for i, text in enumerate(texts)]


def user_key(text: str, columns: Collection[str]) -> Column:
    """Hash of a user's blocking rule over records as `named` leaves them: names of columns, or expressions of these.

    Comma-separated; in an expression a name that is no plain one stands in backquotes.
    """
    parts = [part.strip() for part in text.split(",")]
    if all(part in columns for part in parts):
        text = ", ".join("`" + part.replace("`", "``") + "`" for part in parts)
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
