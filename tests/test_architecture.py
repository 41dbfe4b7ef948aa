"""The shape of the house: what may know what."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STORAGE = {"delta", "pathlib", "os", "shutil", "tempfile", "deltalake"}
WRITES = {"save", "saveAsTable", "writeTo", "checkpoint", "localCheckpoint"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def attributes(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", modules("matching"), ids=lambda path: path.name)
def test_matching_knows_no_paths_no_delta_no_law_and_no_jobs(path: Path) -> None:
    known = {name.split(".")[0] for name in imports(path)}
    assert not known & {"jobs", "expectations", "sample_data", *STORAGE}
    assert not attributes(path) & WRITES
    text = path.read_text(encoding="utf-8")
    assert "threshold_vnd" not in text
    assert "legal_basis" not in text


def test_only_storage_touches_delta_and_hadoop() -> None:
    touching = {
        path.name for path in modules("jobs") if "delta.tables" in set(imports(path)) or "_jvm" in attributes(path)
    }
    assert touching <= {"storage.py"}


def test_nothing_is_collected_to_the_driver_unbounded() -> None:
    """`toPandas`, `toArrow`, `collect` and `toLocalIterator` stand only where a bound is stated beside them."""
    bounded = {
        "matching/resolve.py",  # the sample of records that parameters are estimated from, limited
        "matching/subjects.py",  # six figures
        "matching/linkage/alone.py",  # values of sampled records, limited
        "matching/linkage/drawing.py",  # sampled records, limited
        "matching/linkage/engine.py",  # how many records of each input are asked for: two figures
        "matching/linkage/equivalents.py",  # texts of the values that stand for one another, limited
        "matching/linkage/frequencies.py",  # values of at least a hundred thousandth of the records
        "matching/linkage/learning.py",  # counted agreement patterns, limited
    }
    collecting = {"toPandas", "collect", "toArrow", "toLocalIterator"}
    found = {str(path.relative_to(ROOT)) for path in modules("matching") if attributes(path) & collecting}
    assert found <= bounded


@pytest.mark.parametrize("package", ["jobs", "matching", "expectations", "sample_data"])
def test_every_module_can_be_imported(package: str) -> None:
    for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_matching_and_jobs_have_no_drawer_for_odds_and_ends() -> None:
    names = {path.stem for package in ("jobs", "matching", "expectations") for path in modules(package)}
    assert not names & {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("package", ["jobs", "matching", "expectations"])
def test_no_window_runs_over_a_whole_table(package: str) -> None:
    """Every window is spread by a key, also on paths that no night of the tests takes (those look at the plans)."""
    for path in modules(package):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        made = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Window"
        }
        assert made <= {"partitionBy", "unboundedPreceding", "unboundedFollowing", "currentRow"}
        assert "crossJoin" not in attributes(path)
