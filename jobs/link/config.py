"""The configuration of `ct18 link` (contract §5): a YAML file, checked before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jobs.errors import UserError
from jobs.settings import SparkSettings, read_yaml
from matching.linkage.comparison import Wish, comparisons
from matching.linkage.kinds import KINDS
from matching.linkage.plan import MAX_ATOMS

Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComparisonWish(_Section):
    """What is wanted of the comparison of a column."""

    levels: tuple[str, ...] | None = None
    term_frequency: bool = True
    thresholds: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)


class LinkConfig(_Section):
    """What to link, and how far the engine is left to choose."""

    link_type: Literal["dedupe", "link"]
    inputs: tuple[str, ...]
    unique_id: str
    columns: dict[str, str] = Field(min_length=1)
    threshold: Share = 0.5
    min_probability: Share = Field(default=0.01, description="pairs below are not written")
    blocking_rules: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=60)
    comparisons: dict[str, ComparisonWish] = Field(default_factory=dict)
    one_to_one: bool = False
    labels: str | None = None
    parameters: str | None = Field(
        default=None, description="parameters.json of another run, by which pairs are proposed and scored"
    )
    only: str | None = Field(
        default=None, description="a file of unique_id (and source, 0 or 1): of all pairs those with such a record"
    )
    most_drift_bits: float = Field(default=1.0, gt=0, description="a weight that moves farther calls for a look at it")
    seed: int = Field(default=1, ge=0, le=2**63 - 1)
    max_block: int = Field(default=200, ge=2, description="records of a block above which it is split")
    pairs_per_record: float = Field(default=15, gt=0, description="pairs that may be compared, for each record")
    spark: SparkSettings = SparkSettings(driver_memory="4g", shuffle_partitions=8)

    @field_validator("columns")
    @classmethod
    def _known_kinds(cls, columns: dict[str, str]) -> dict[str, str]:
        if len(columns) > MAX_ATOMS:
            raise ValueError(f"{len(columns)} columns; at most {MAX_ATOMS} can be compared")
        for column, kind in columns.items():
            if kind not in KINDS:
                raise ValueError(f"{column}: no kind {kind!r}; there are {', '.join(sorted(KINDS))}")
        return columns

    @model_validator(mode="after")
    def _fits_together(self) -> LinkConfig:
        wanted = 1 if self.link_type == "dedupe" else 2
        if len(self.inputs) != wanted:
            raise ValueError(f"inputs: link_type {self.link_type} takes {wanted}, not {len(self.inputs)}")
        if self.one_to_one and self.link_type == "dedupe":
            raise ValueError("one_to_one: only for link_type link")
        if self.only is not None and self.parameters is None:
            raise ValueError("only: some pairs teach no model; give the parameters of a run of all")
        if self.unique_id in self.columns:
            raise ValueError(f"columns: {self.unique_id} is the unique_id, which is never compared")
        unknown = sorted(set(self.comparisons) - set(self.columns))
        if unknown:
            raise ValueError(f"comparisons: not among columns: {', '.join(unknown)}")
        comparisons(self.columns, self.wishes)
        return self

    @property
    def wishes(self) -> dict[str, Wish]:
        """Wishes a column, as the engine takes them."""
        return {
            column: Wish(wish.levels, wish.term_frequency, wish.thresholds) for column, wish in self.comparisons.items()
        }


def load(path: Path) -> LinkConfig:
    """The configuration in a YAML file.

    Raises:
        UserError: the file is missing, is no YAML mapping, or holds a wrong key or value; the text names them.
    """
    content = read_yaml(path, str(path))
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping")
    try:
        return LinkConfig.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(_told(e["loc"], e["msg"], unknown=e["type"] == "extra_forbidden") for e in error.errors())
        raise UserError(f"{path}: {wrong}") from None


def _told(place: tuple[int | str, ...], message: str, *, unknown: bool) -> str:
    message = message.removeprefix("Value error, ")
    if unknown and len(place) == 1:
        message = f"no such key; there are {', '.join(LinkConfig.model_fields)}"
    return f"{'.'.join(map(str, place))}: {message}" if place else message
