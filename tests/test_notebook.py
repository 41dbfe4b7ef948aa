"""Every notebook runs from top to bottom on a small warehouse, and shows no identifier."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from pyspark.sql import SparkSession

from tests.jobs import a_night

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_night.write(spark, str(tmp_path))
    monkeypatch.setenv("CT18_WAREHOUSE", str(tmp_path))
    notebook = NotebookClient(jupytext.read(path), timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    charts = [output for output in outputs if "image/svg+xml" in output.get("data", {})]
    assert len(charts) >= 5
    shown = str(outputs)
    assert "Trần Thị Mẫu" in shown or "Công ty TNHH Mẫu" in shown
    assert not [secret for secret in a_night.SECRETS if secret in shown]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS
