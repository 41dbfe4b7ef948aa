"""Payments as two banks book them: leaving one account, arriving at another.

The receiving bank books a payment up to some days later, less a fee or in another currency for some, and what it is
for is often cut short, in another order, or missing. Who pays pays several times, mostly for the same, and sums are
round: nothing but all three together tells one payment from another.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import Ints, Texts, drawn, joined, mistyped, words, zipf

KINDS = {"memo": "text", "booked_on": "date", "amount": "number"}
_VOCABULARY_SEED = 5
_PAYMENTS_A_PAYER = 4
_PURPOSES = ("rent", "gift", "invoice", "donation", "loan", "wages", "fees", "deposit")
_LONGEST_MEMO = 24
_ROUND = 0.3
_FEE, _EXCHANGED = 0.25, 0.08
# Days between the two bookings.
_LATER = (0.45, 0.25, 0.12, 0.08, 0.04, 0.03, 0.02, 0.01)
_CUT, _TURNED, _MISTYPED, _MISSING = 0.35, 0.1, 0.08, 0.07


def leaving_and_arriving(size: int, seed: int) -> tuple[tuple[pd.DataFrame, Ints], tuple[pd.DataFrame, Ints]]:
    """So many payments as the sending and as the receiving banks book them, each with the number of the payment."""
    rng = np.random.default_rng(seed)
    payer, purpose, reference = _memos(rng, size)
    days = rng.integers(0, 180, size)
    amount = np.round(np.exp(rng.normal(5.5, 1.4, size)), 2)
    amount = np.where(rng.random(size) < _ROUND, np.ceil(amount / 10) * 10, amount)
    sent = joined(payer, " ", purpose, " ", reference)
    later = days + rng.choice(len(_LATER), size, p=_LATER)
    leaving = pd.DataFrame({"memo": _cut(sent, _LONGEST_MEMO), "booked_on": _dates(days), "amount": _sums(amount)})
    arriving = pd.DataFrame(
        {
            "memo": _as_received(rng, sent, joined(purpose, " ", payer)),
            "booked_on": _dates(later),
            "amount": _sums(_after_fees(rng, amount)),
        }
    )
    order = rng.permutation(size)
    return (leaving, np.arange(size)), (arriving.iloc[order].reset_index(drop=True), order)


def _memos(rng: np.random.Generator, size: int) -> tuple[Texts, Texts, Texts]:
    """Who pays, for what, and a number where there is one."""
    vocabulary = np.random.default_rng(_VOCABULARY_SEED)
    given, surnames = words(vocabulary, 900, 3), words(vocabulary, 9_000, 3)
    payers = size // _PAYMENTS_A_PAYER
    names = joined(zipf(rng, given, payers, shift=12), " ", zipf(rng, surnames, payers, shift=40))
    payer = rng.integers(0, payers, size)
    usual = drawn(rng, np.array(_PURPOSES), [1] * len(_PURPOSES), payers)
    other = drawn(rng, np.array(_PURPOSES), [1] * len(_PURPOSES), size)
    number = np.where(rng.random(size) < 0.15, rng.integers(100, 999, size).astype(np.str_), "")
    return names[payer], np.where(rng.random(size) < 0.7, usual[payer], other), number


def _as_received(rng: np.random.Generator, sent: Texts, turned: Texts) -> Texts:
    size = len(sent)
    memo = _cut(np.where(rng.random(size) < _TURNED, turned, sent), _LONGEST_MEMO)
    memo = np.where(rng.random(size) < _CUT, _shortened(memo, rng.integers(5, 16, size)), memo)
    memo = np.where(rng.random(size) < _MISTYPED, mistyped(rng, memo), memo)
    return np.where(rng.random(size) < _MISSING, "", memo)


def _after_fees(rng: np.random.Generator, amount: np.ndarray) -> np.ndarray:
    size, chance = len(amount), rng.random(len(amount))
    less = np.where(chance < _FEE, amount * (1 - rng.uniform(0.001, 0.02, size)), amount)
    exchanged = amount * rng.uniform(0.9, 1.1, size)
    return np.round(np.where(chance > 1 - _EXCHANGED, exchanged, less), 2)


def _cut(memo: Texts, length: int) -> Texts:
    return np.char.strip(memo.astype(f"<U{length}"))


def _shortened(memo: Texts, lengths: Ints) -> Texts:
    return np.array([text[:length].strip() for text, length in zip(memo.tolist(), lengths.tolist(), strict=True)])


def _dates(days: Ints) -> Texts:
    return (np.datetime64("2022-01-01") + days).astype(np.str_)


def _sums(amount: np.ndarray) -> Texts:
    return np.array([f"{value:.2f}" for value in amount.tolist()])
