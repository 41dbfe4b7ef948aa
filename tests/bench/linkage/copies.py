"""A register of people as they are and of erroneous copies of some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import Ints, Texts, replaced

Columns = dict[str, Texts]


def register(
    rng: np.random.Generator, person: Columns, copy: Columns, of_copy: Ints, missing: dict[str, float]
) -> tuple[pd.DataFrame, Ints]:
    """People and copies in random order, and the number of the person behind each row.

    Args:
        rng: chance.
        person: the people, numbered from 0.
        copy: the copies.
        of_copy: the person of each copy.
        missing: the columns, and how often each has no value.
    """
    size = len(next(iter(person.values())))
    rows = size + len(of_copy)
    order = rng.permutation(rows)
    columns = {name: np.concatenate([person[name], copy[name]])[order] for name in missing}
    for share, values in zip(missing.values(), columns.values(), strict=True):
        values[rng.random(rows) < share] = ""
    return pd.DataFrame(columns), np.concatenate([np.arange(size), of_copy])[order]


def err(
    rng: np.random.Generator,
    copy: Columns,
    errors: Sequence[float],
    erroneous: dict[str, float],
    wrong: Callable[[str, Texts], Texts],
) -> None:
    """Some errors in each row, one after another.

    Args:
        rng: chance.
        copy: the rows.
        errors: shares of rows with 1, 2 … errors.
        erroneous: how often an error is in each column.
        wrong: values of a column, one error each.
    """
    size = len(next(iter(copy.values())))
    number = rng.choice(np.arange(1, len(errors) + 1), size, p=errors)
    for nth in range(len(errors)):
        column = rng.choice(len(erroneous), size, p=list(erroneous.values()))
        for index, name in enumerate(erroneous):
            hit = np.flatnonzero((number > nth) & (column == index))
            copy[name] = replaced(copy[name], hit, wrong(name, copy[name][hit]))
