"""The set-up: what it says a machine lacks, what it fetches, and what the lock and the Makefile promise."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark.sql import SparkSession

from jobs import bootstrap, session
from jobs.settings import SparkSettings

ROOT = Path(__file__).resolve().parent.parent
JAR = b"bytes of a jar"
JAR_NAME = "delta-storage-4.4.0.jar"


def executable(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def java_saying(folder: Path, version: str) -> Path:
    return executable(folder / "java", f"echo 'openjdk version \"{version}\" 2026-01-20' >&2")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A tree with a list of one jar, nothing set up."""
    (tmp_path / "jars.sha256").write_text(f"{hashlib.sha256(JAR).hexdigest()}  {JAR_NAME}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("17.0.15", None),
        ("21", None),
        ("25.0.3", "Java 25 không dùng được"),
        ("11.0.2", "Java 11 không dùng được"),
        ("1.8.0_392", "Java 8 không dùng được"),
    ],
)
def test_java_on_path(tmp_path: Path, version: str, said: str | None) -> None:
    java_saying(tmp_path, version)
    fault = bootstrap.java_fault({"PATH": f"{tmp_path}"})
    assert fault is None if said is None else fault and fault.startswith(said) and "JDK 17 hoặc 21" in fault


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    java_saying(tmp_path / "path", "17.0.15")
    java_saying(tmp_path / "home" / "bin", "25")
    fault = bootstrap.java_fault({"PATH": f"{tmp_path / 'path'}", "JAVA_HOME": f"{tmp_path / 'home'}"})
    assert fault and fault.startswith("Java 25")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "Thiếu Java"),
        ({"PATH": ""}, "Thiếu Java"),
        ({"PATH": "/nowhere"}, "Thiếu Java"),
        ({"JAVA_HOME": "/nowhere"}, "JAVA_HOME không trỏ tới một JDK"),
    ],
)
def test_no_java_is_one_line(environ: dict[str, str], said: str) -> None:
    fault = bootstrap.java_fault(environ)
    assert fault and fault.startswith(said) and "\n" not in fault


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_python_without_venv(clone: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    assert bootstrap.venv_fault(clone) is None
    monkeypatch.setitem(sys.modules, module, None)
    fault = bootstrap.venv_fault(clone)
    assert fault and "python3-venv" in fault


def test_maven_is_needed_only_for_missing_jars(clone: Path) -> None:
    fault = bootstrap.maven_fault(clone, {"PATH": "/nowhere"})
    assert fault and "Maven" in fault and JAR_NAME in fault
    executable(clone / "bin" / "mvn")
    assert bootstrap.maven_fault(clone, {"PATH": f"{clone / 'bin'}"}) is None
    (clone / "jars").mkdir()
    (clone / "jars" / JAR_NAME).write_bytes(JAR)
    assert bootstrap.maven_fault(clone, {"PATH": "/nowhere"}) is None


def test_check_names_all_that_is_missing_at_once(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(bootstrap.SetupError) as fault:
        bootstrap.check(clone)
    assert [line.split(" / ")[0] for line in str(fault.value).splitlines()] == ["Thiếu Java", "Thiếu Maven"]


def maven_on_path(clone: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    executable(clone / "bin" / "mvn", *lines)
    monkeypatch.setenv("PATH", f"{clone / 'bin'}:/usr/bin:/bin")


def test_jars_come_from_maven_by_their_coordinates(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven_on_path(clone, monkeypatch, f"echo $* > {clone}/asked", f"printf '{JAR.decode()}' > {clone}/jars/{JAR_NAME}")
    (clone / "jars").mkdir()
    (clone / "jars" / JAR_NAME).write_bytes(b"half a jar")
    (clone / "jars" / "delta-storage-4.3.0.jar").write_bytes(b"the version before")
    bootstrap.fetch_jars(clone)
    assert "-Dartifact=io.delta:delta-storage:4.4.0" in (clone / "asked").read_text(encoding="utf-8")
    assert [jar.name for jar in (clone / "jars").iterdir()] == [JAR_NAME]
    (clone / "asked").unlink()
    bootstrap.fetch_jars(clone)
    assert not (clone / "asked").exists(), "jars that are there are not fetched again"


@pytest.mark.parametrize(
    ("maven", "said"),
    [
        ("echo a page of trouble; exit 1", "build/setup-maven.log"),
        (
            f"cd $(dirname $0)/..; mkdir jars; echo other > jars/{JAR_NAME}",
            f"sha256 is not that of jars.sha256: jars/{JAR_NAME}",
        ),
    ],
)
def test_maven_fails_or_brings_something_else(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], maven: str, said: str
) -> None:
    maven_on_path(clone, monkeypatch, maven)
    with pytest.raises(bootstrap.SetupError) as fault:
        bootstrap.fetch_jars(clone)
    assert said in str(fault.value) and "\n" not in str(fault.value)
    assert "trouble" not in "".join(capfd.readouterr())


ARCHIVE = "classes-17.0.15-8.jsa"
WRITES_ARCHIVE = 'case "$SPARK_SUBMIT_OPTS" in -XX:Archive*) echo classes > "${SPARK_SUBMIT_OPTS#*=}" ;; esac'


def python_in_venv(clone: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> Path:
    """A Python that notes how it was called, in the file returned, and does as the lines say."""
    java_saying(clone / "17" / "bin", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(clone / "17"))
    (clone / "jars").mkdir()
    executable(clone / ".venv" / "bin" / "python", f"echo $* >> {clone}/called", *lines)
    return clone / "called"


def archives(clone: Path) -> list[str]:
    return [path.name for path in (clone / "jars").glob("*classes*") if path.name != ".classes"]


def test_classes_are_archived_once_for_each_java_and_set_of_jars(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = python_in_venv(clone, monkeypatch, WRITES_ARCHIVE)
    bootstrap.archive_classes(clone)
    assert archives(clone) == [ARCHIVE]
    assert called.read_text(encoding="utf-8").startswith("-m jobs.classes\n")
    called.unlink()
    bootstrap.archive_classes(clone)
    assert not called.exists(), "what is there is not made again"
    java_saying(clone / "21" / "bin", "21.0.4")
    monkeypatch.setenv("JAVA_HOME", str(clone / "21"))
    bootstrap.archive_classes(clone)
    assert archives(clone) == ["classes-21.0.4-8.jsa"]
    called.unlink()
    (clone / "jars" / JAR_NAME).write_bytes(JAR)
    bootstrap.fetch_jars(clone)
    bootstrap.archive_classes(clone)
    assert called.exists()


@pytest.mark.parametrize(
    "lines",
    [
        ["echo a page of trouble; exit 1"],
        ["echo the JVM wrote nothing"],
        [WRITES_ARCHIVE, 'case "$SPARK_SUBMIT_OPTS" in *-Xshare:on*) echo the JVM refuses it; exit 1 ;; esac'],
        ["rm -r $PWD/build"],
    ],
)
def test_classes_that_cannot_be_archived_stop_nothing(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], lines: list[str]
) -> None:
    called = python_in_venv(clone, monkeypatch, *lines)
    bootstrap.archive_classes(clone)
    said = capfd.readouterr().err
    assert "Java's classes are not archived" in said and said.count("\n") == 1
    assert archives(clone) == []
    called.unlink()
    bootstrap.archive_classes(clone)
    assert not called.exists(), "what failed is not tried at every make"


@pytest.mark.parametrize("content", [b"", b"classes\n"[:-1], b"classes\n\n"])
def test_an_archive_of_another_size_is_not_given_to_the_jvm(
    clone: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    python_in_venv(clone, monkeypatch)
    (clone / "jars" / ARCHIVE).write_bytes(b"classes\n")
    assert f"-XX:SharedArchiveFile={clone}/jars/{ARCHIVE}" in session.java_options(clone / "jars").split()
    (clone / "jars" / ARCHIVE).write_bytes(content)
    assert "SharedArchiveFile" not in session.java_options(clone / "jars")


def test_the_jvm_passes_over_an_archive_that_does_not_fit_and_says_nothing(tmp_path: Path) -> None:
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else shutil.which("java")
    # Of another class path, from which a class was loaded.
    (launcher,) = Path(pyspark.__file__).parent.glob("jars/spark-launcher_*.jar")
    dump = [
        str(java),
        f"-XX:ArchiveClassesAtExit={tmp_path}/dumped",
        "-cp",
        str(launcher),
        "org.apache.spark.launcher.Main",
    ]
    subprocess.run(dump, capture_output=True, check=False)
    for content in ((tmp_path / "dumped").read_bytes(), b"no archive at all"):
        archive = tmp_path / f"classes-{bootstrap.java_version(os.environ)}-{len(content)}.jsa"
        archive.write_bytes(content)
        options = session.java_options(tmp_path).split()
        assert f"-XX:SharedArchiveFile={archive}" in options
        done = subprocess.run([str(java), *options, "-version"], capture_output=True, text=True, check=True)
        assert done.stdout == "" and "arning" not in done.stderr
        archive.unlink()


def test_the_session_maps_the_archive(spark: SparkSession) -> None:
    archive = bootstrap.class_archive(ROOT / "jars", os.environ)
    if archive is None:
        pytest.skip("set-up made none for this Java")
    gateway = spark.sparkContext._gateway
    assert gateway is not None
    assert str(archive) in Path(f"/proc/{gateway.proc.pid}/maps").read_text(encoding="utf-8")


def test_lock_has_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#")))
    assert len(entries) > 90
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in lock and " @ " not in lock and "--index" not in lock and "--find-links" not in lock


def test_lock_holds_what_the_project_asks_for() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for pin in ("pyspark==4.1.4", "delta-spark==4.4.0", "great-expectations==1.24.1", "rapidfuzz==3.14.6"):
        assert f"\n{pin} " in lock
    assert "delta-spark_4.1_2.13-4.4.0.jar" in (ROOT / "jars.sha256").read_text(encoding="utf-8")


def test_make_alone_lists_the_targets() -> None:
    said = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in said.stdout.splitlines()}
    assert listed >= {"setup", "run", "test", "test-slow", "check", "bench", "evaluate", "report", "clean", "lock"}


@pytest.mark.parametrize("python", ["no-such-python", "false"])
def test_make_says_which_python_it_needs(python: str) -> None:
    command = ["make", "-C", str(ROOT), "--no-print-directory", "preflight", f"PYTHON={python}"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "need Python >= 3.11" in said.stderr.splitlines()[0]


def test_what_is_submitted_goes_before_what_we_would_choose_and_settings_before_that() -> None:
    partitions, ui = "spark.sql.shuffle.partitions", "spark.ui.enabled"
    submitted = {partitions, ui, "spark.sql.ansi.enabled"}
    found = session.settled(SparkSettings(), submitted)
    assert partitions not in found and ui not in found
    assert found["spark.sql.ansi.enabled"] == "true", "what every session needs"
    assert session.settled(SparkSettings(), frozenset())[partitions] == "4"
    named = SparkSettings.model_validate({"shuffle_partitions": 8, "conf": {ui: "true"}})
    found = session.settled(named, submitted)
    assert (found[partitions], found[ui]) == ("8", "true")
