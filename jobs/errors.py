"""The two ways in which a command ends with one line: the user's mistake, and a night that cannot go on."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of the user's, in one line without personal data. Exit code 2; nothing was written."""


class NightFailed(Exception):  # noqa: N818 - it names what happened to the night
    """The night cannot go on, in one line without personal data. Exit code 1; a row in `ops/runs`.

    The warehouse as it was.
    """
