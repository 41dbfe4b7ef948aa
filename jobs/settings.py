"""Settings of a run: defaults here, overridden by the YAML file of `--config`.

An unknown or wrong key is an error that names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.errors import UserError
from jobs.sources import SOURCES

Share = Annotated[float, Field(ge=0, le=1)]

# For development only: a warning is printed whenever a night runs with it.
DEVELOPMENT_KEY = "ct18-development-key"
# That of the handbook's sample, which somebody may have left as it stands.
_SAMPLE_KEY = "thay-bang-khoa-rieng-cua-don-vi"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SparkSettings(_Section):
    """How Spark runs. Under `spark-submit` its own master and memory win, and what it is told against our defaults."""

    master: str = "local[*]"
    driver_memory: str = Field(default="6g", pattern=r"^[0-9]+[kmgtKMGT][bB]?$")
    shuffle_partitions: int = Field(
        default=4, ge=1, description="for one machine; a cluster needs hundreds, or thousands"
    )
    conf: dict[str, str] = Field(default_factory=dict, description="any further spark.* setting")
    jars: str = Field(
        default="jars", description="folder that holds Delta's two jars; empty: the cluster provides them"
    )


class IngestSettings(_Section):
    """When a delivery is late, and when a full one is too small to be believed (contract §1)."""

    cadence_days: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="source → days between deliveries; not named: 1"
    )
    min_keys_share: Share = 0.5
    max_unreadable_keys_share: Share = 0.01


class DriftSettings(_Section):
    """From which distance on a picture has drifted from those of the last accepted nights."""

    nights: int = Field(default=7, ge=1, description="accepted nights that a picture is compared with")
    sample_rows: int = Field(default=10_000, ge=100, description="rows of a source that are measured, about")
    nulls: Share = Field(default=0.05, description="by which the share of nulls in a column may change")
    distinct: Share = Field(default=0.1, description="by which the share of distinct values may change")
    distribution: Share = Field(
        default=0.1, description="total variation distance of frequent values, lengths and patterns"
    )
    least_rows: float = Field(default=0.8, ge=0, description="times the usual rows that must be there")
    most_rows: float = Field(default=1.25, ge=1, description="times the usual rows that may be there")


Severity = Literal["critical", "warning"]
Answer = Literal["pass", "warn", "hold", "stop"]


class GateSettings(_Section):
    """What the gate answers where a rule is broken, and what it holds for unusual."""

    policy: dict[str, dict[Severity, Answer]] = Field(
        default_factory=dict, description="source → severity → answer; not named: critical hold, warning warn"
    )
    agreed_hours: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        default_factory=dict,
        description="source → hours after the start of the business date by which it is produced; not named: 36",
    )
    least_selling: Share = Field(default=0.5, description="share of active shops that must have sales")
    drift: DriftSettings = DriftSettings()

    def answer(self, source: str, severity: Severity) -> Answer:
        """What is done with a picture of which a rule of this severity is broken."""
        usual: dict[Severity, Answer] = {"critical": "hold", "warning": "warn"}
        return self.policy.get(source, {}).get(severity, usual[severity])


class MatchSettings(_Section):
    """Bands of decision and caps of the candidate search."""

    link_threshold: Share = Field(default=0.9, description="match probability from which a pair is a link")
    review_threshold: Share = Field(default=0.15, description="from here to link_threshold people decide")
    holder_review_threshold: Share = Field(default=0.05, description="the same for taxpayers, accounts and SIMs")
    max_block: int = Field(
        default=50, ge=2, description="records behind one shared key above which it proposes no candidates"
    )
    sample_records: int = Field(default=20_000, ge=100, description="records from which parameters are estimated")
    follow_from_rows: int = Field(
        default=1_500_000,
        ge=0,
        description="rows of all pictures from which on a match follows changes; fewer are sooner matched all",
    )
    most_drift_bits: float = Field(
        default=1.0, gt=0, description="a weight that moves farther at a retraining calls for a look at it"
    )


@cache
def _check_of(secret: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), b"ct18 hash_key", 100_000).hex()[:8]


class GoldSettings(_Section):
    """Flags."""

    hash_key: str = Field(
        default=DEVELOPMENT_KEY, min_length=8, repr=False, description="secret of party_key and case_id"
    )
    under_declared_share: Share = 0.5
    most_growth: float = Field(
        default=10.0, gt=1, description="a night with so many times more or fewer open cases is not published"
    )

    @property
    def key_is_public(self) -> bool:
        """Whether everybody can read the secret, which then is none."""
        return self.hash_key in (DEVELOPMENT_KEY, _SAMPLE_KEY)

    @property
    def key_check(self) -> str:
        """By which the secret is known again: of so few bits, and slow to make, that it helps nobody to guess it."""
        return _check_of(self.hash_key)


class MonitoringSettings(_Section):
    """What a night tells the outside."""

    log: Path | None = Field(default=None, description="file to which a JSON line is added for all that is told")
    metrics: Path | None = Field(
        default=None, description="file of figures in Prometheus' text format, written when a run ends (*.prom)"
    )
    notify: list[str] = Field(
        default_factory=list, description="command (and its arguments) that is run when a night goes wrong"
    )
    notify_of: list[Literal["failed", "refused", "degraded", "succeeded"]] = Field(
        default=["failed", "refused"], description="what it is run for; refused: the night could not begin"
    )


class MaintenanceSettings(_Section):
    """How long what is kept: no longer than its purpose needs (Luật 91/2025/QH15, art. 3); owners decide the days."""

    versions_days: int = Field(
        default=30, ge=7, le=30, description="past nights that can still be read, explained and replayed"
    )
    quarantine_days: int = Field(default=90, ge=1, description="refused rows, which hold personal data as it came")
    bronze_days: int = Field(
        default=30, ge=1, description="rows of deliveries that a later full has superseded and no picture reads"
    )
    quality_days: int = Field(default=1095, ge=1, description="scorecards, findings and profiles")


class ReportSettings(_Section):
    """Reports."""

    max_rows: int = Field(default=100_000, ge=1, description="rows of a workbook, by priority")


class Settings(_Section):
    """All settings of a run."""

    spark: SparkSettings = SparkSettings()
    ingest: IngestSettings = IngestSettings()
    gate: GateSettings = GateSettings()
    match: MatchSettings = MatchSettings()
    gold: GoldSettings = GoldSettings()
    report: ReportSettings = ReportSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()

    def digest(self) -> str:
        """Hash of everything that shapes results, for `ops/runs`; the secret enters only through a hash of its own."""
        without_results = dict.fromkeys(("spark", "report", "monitoring", "maintenance"), True)
        content = self.model_dump(exclude={**without_results, "match": {"follow_from_rows"}})
        content["gold"]["hash_key"] = hashlib.sha256(self.gold.hash_key.encode()).hexdigest()[:8]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def load(path: Path | None) -> Settings:
    """Settings from a YAML file, or the defaults.

    Raises:
        UserError: the file is missing, is no YAML mapping, or holds a wrong key or value; the text names them, not the
        values.
    """
    if path is None:
        return Settings()
    content = read_yaml(path, f"settings file {path}") or {}
    if not isinstance(content, dict):
        raise UserError(f"settings file {path}: must be a mapping of sections")
    try:
        settings = Settings.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(f"settings file {path}: {wrong}") from None
    return _checked(settings, path)


def read_yaml(path: Path, called: str) -> object:
    """Content of a YAML file.

    Raises:
        UserError: it cannot be read, or is no YAML; the text begins with what the file is called.
    """
    try:
        return cast(object, yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{called}: {error.strerror}") from None
    # What else the parser raises: of a date that is none, another encoding, a tag on the wrong kind of value.
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, IndexError):
        raise UserError(f"{called}: not readable as YAML") from None


def _checked(settings: Settings, path: Path) -> Settings:
    by_source: dict[str, Mapping[str, object]] = {
        "ingest.cadence_days": settings.ingest.cadence_days,
        "gate.policy": settings.gate.policy,
        "gate.agreed_hours": settings.gate.agreed_hours,
    }
    for name, named in by_source.items():
        unknown = sorted(set(named) - set(SOURCES))
        if unknown:
            raise UserError(f"settings file {path}: {name} names unknown sources: {', '.join(unknown)}")
    if settings.match.review_threshold > settings.match.link_threshold:
        raise UserError(f"settings file {path}: match.review_threshold lies above match.link_threshold")
    return settings
