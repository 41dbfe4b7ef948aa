"""Set-up of a fresh clone, on the standard library alone: it runs before the virtual environment exists.

`check` says what the machine lacks, `venv` fills `.venv` from the hashed lock, `jars` fetches Delta's jars, `classes`
lets Java prepare what commands start with. Whatever is missing or fails is one line on stderr, Vietnamese / English;
what pip, Maven and Java print goes to `build/`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_JAVA_VERSIONS = (17, 21)
_JAVA_ADVICE = (
    "cài JDK 17 hoặc 21 / install JDK 17 or 21 (Debian: apt install openjdk-17-jdk-headless), or set JAVA_HOME"
)
_MAVEN_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_DELTA_GROUP = "io.delta"
_START_JVM = ["-c", "from pyspark.java_gateway import launch_gateway; launch_gateway()"]


class SetupError(Exception):
    """What stops the set-up, as the line to show."""


def java_fault(environ: Mapping[str, str]) -> str | None:
    """Say why the Java that Spark would start, JAVA_HOME's or else PATH's, cannot run it; None if it can.

    Java 25 starts Spark and fails later inside Arrow and Hadoop, so the version is judged here.
    """
    version = java_version(environ)
    if version:
        major = int(version.split(".")[0])
        return None if major in _JAVA_VERSIONS else f"Java {major} không dùng được / is not supported: {_JAVA_ADVICE}"
    if environ.get("JAVA_HOME"):
        return f"JAVA_HOME không trỏ tới một JDK / JAVA_HOME points at no JDK: {_JAVA_ADVICE}"
    return f"Thiếu Java / no Java: {_JAVA_ADVICE}"


def java_version(environ: Mapping[str, str]) -> str | None:
    """Version of the Java that Spark would start, as 17.0.15; None if there is none."""
    home = environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java", path=environ.get("PATH", ""))
    return _version_said(java) if java else None


@functools.cache  # a command asks twice, and each time is a JVM
def _version_said(java: str) -> str | None:
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    # Java 8 calls itself 1.8
    version = re.search(r'version "(?:1\.)?(\d+(?:\.\d+)*)', said.stderr + said.stdout)
    return version[1] if version else None


def venv_fault(root: Path) -> str | None:
    """Say what keeps this Python from making `.venv`; None if nothing does, or if it is there."""
    if (root / ".venv" / "bin" / "python").exists() or all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        return None
    return "Python thiếu mô-đun venv / Python has no venv module: cài / install python3-venv"


def maven_fault(root: Path, environ: Mapping[str, str]) -> str | None:
    """Say that Maven is missing; None if it is there, or if all jars are."""
    missing = missing_jars(root, root / "jars")
    if not missing or shutil.which("mvn", path=environ.get("PATH", "")):
        return None
    return f"Thiếu Maven / no Maven: cài / install maven, or copy {', '.join(missing)} to jars/"


def check(root: Path) -> None:
    """Say all that the machine lacks at once, before anything is fetched.

    Raises:
        SetupError: a line for each thing missing.
    """
    faults = [java_fault(os.environ), venv_fault(root), maven_fault(root, os.environ)]
    if any(faults):
        raise SetupError("\n".join(fault for fault in faults if fault))


def install_packages(root: Path) -> None:
    """Bring `.venv` to the state of the lock and put the project itself into it, editable.

    Raises:
        SetupError: pip or venv failed.
    """
    unfinished = root / ".venv.unfinished"
    if unfinished.exists():  # killed half way: pip would take half a package for a whole one
        shutil.rmtree(root / ".venv", ignore_errors=True)
    unfinished.touch()
    print("Cài gói Python vào .venv, vài phút / installing packages into .venv, some minutes", flush=True)
    pip = [str(root / ".venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--no-input"]
    log = _fresh_log(root, "setup-python.log")
    done = (
        _run([sys.executable, "-m", "venv", str(root / ".venv")], log)
        and _run([*pip, "--require-hashes", "-r", str(root / "requirements.lock")], log)
        and _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(root)], log)
    )
    unfinished.unlink()
    if not done:
        raise SetupError(_failure("pip", log, root))
    _classes_stamp(root).unlink(missing_ok=True)


def fetch_jars(root: Path) -> None:
    """Fetch what `jars/` lacks of the list `jars.sha256`, and clear away other versions of Delta's jars.

    Raises:
        SetupError: Maven failed, or what came is not what the list says.
    """
    missing = missing_jars(root, root / "jars")
    if missing:
        print(f"Tải / fetching {', '.join(missing)}", flush=True)
        _copy_from_maven(root, missing)
    for jar in (root / "jars").glob("delta-*.jar"):
        if jar.name not in _listed_jars(root):
            jar.unlink()
    _classes_stamp(root).unlink(missing_ok=True)


def _copy_from_maven(root: Path, names: list[str]) -> None:
    log = _fresh_log(root, "setup-maven.log")
    for name in names:
        (root / "jars" / name).unlink(missing_ok=True)  # Maven leaves a file that is there as it is
        artifact, _, version = name.removesuffix(".jar").rpartition("-")
        coordinates = f"-Dartifact={_DELTA_GROUP}:{artifact}:{version}"
        if not _run(["mvn", "-q", "-B", _MAVEN_GOAL, coordinates, f"-DoutputDirectory={root / 'jars'}"], log):
            raise SetupError(_failure("Maven", log, root))
    if wrong := missing_jars(root, root / "jars"):
        raise SetupError(f"sha256 sai / sha256 is not that of jars.sha256: jars/{', jars/'.join(wrong)}")


def _classes_stamp(root: Path) -> Path:
    """Holds the version of the Java whose archive of classes was tried; gone whenever what it was made from changes."""
    return root / "jars" / ".classes"


def archive_classes(root: Path) -> None:
    """Let the JVM lay down the classes that commands load, read and checked, as one file in `jars/`.

    Each command is some seconds sooner with it and works as well without: what goes wrong is told and stops nothing.
    It is tried once for each Java, `.venv` and set of jars.
    """
    stamp, version = _classes_stamp(root), java_version(os.environ) or ""
    if stamp.exists() and stamp.read_text(encoding="utf-8") == version:
        return
    print("Ghi sẵn các lớp Java, chừng một phút / archiving Java's classes, about a minute", flush=True)
    log = _fresh_log(root, "setup-classes.log")
    try:
        _dump_classes(root / "jars", version, root, log)
    except OSError as fault:
        print(
            "Không ghi được các lớp Java, mỗi lệnh chậm hơn vài giây / Java's classes are not archived, "
            f"each command is some seconds slower: {fault.strerror or log.relative_to(root)}",
            file=sys.stderr,
        )
    stamp.write_text(version, encoding="utf-8")


def _dump_classes(folder: Path, version: str, root: Path, log: Path) -> None:
    for old in folder.glob("classes-*.jsa"):
        old.unlink()  # the JVM would not write one archive while it reads another
    part = folder / ".classes.part"
    part.unlink(missing_ok=True)
    done = _with_jvm(root, f"-XX:ArchiveClassesAtExit={part}", ["-m", "jobs.classes"], log)
    # Spark has a jar twice on its class path, for which JDK 21 refuses any archive; one cut short kills the JVM.
    if not (done and part.exists() and _with_jvm(root, f"-XX:SharedArchiveFile={part} -Xshare:on", _START_JVM, log)):
        part.unlink(missing_ok=True)
        raise OSError
    with part.open("rb") as file:
        os.fsync(file.fileno())  # a machine that loses power may else keep the name and the size, not the content
    part.rename(folder / f"classes-{version}-{part.stat().st_size}.jsa")


def _with_jvm(root: Path, options: str, arguments: list[str], log: Path) -> bool:
    # spark-submit hands these options to the driver's JVM alone, beside the session's own.
    command = ["env", f"SPARK_SUBMIT_OPTS={options}", str(root / ".venv" / "bin" / "python"), *arguments]
    # Heard out to the end, for the JVM outlives the command and writes its archive as the last thing it does.
    done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    with log.open("ab") as out:
        out.write(done.stdout + done.stderr)
    return done.returncode == 0


def class_archive(folder: Path, environ: Mapping[str, str]) -> Path | None:
    """The archive of classes in a folder that is for the Java that Spark would start; None if there is no whole one.

    The JVM passes over an archive of another Java or of other jars, but one that was cut short kills it: the name says
    the size.
    """
    found = folder.glob(f"classes-{java_version(environ)}-*.jsa")
    return next((each for each in found if each.stem.endswith(f"-{each.stat().st_size}")), None)


def _listed_jars(root: Path) -> dict[str, str]:
    lines = (root / "jars.sha256").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def missing_jars(root: Path, folder: Path) -> list[str]:
    """Names of the list `jars.sha256` that a folder lacks, or has with other content."""
    return [name for name, digest in _listed_jars(root).items() if _sha256(folder / name) != digest]


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _fresh_log(root: Path, name: str) -> Path:
    log = root / "build" / name
    log.parent.mkdir(exist_ok=True)
    log.write_text("", encoding="utf-8")
    return log


def _run(command: list[str], log: Path) -> bool:
    with log.open("ab") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
    return done.returncode == 0


def _failure(tool: str, log: Path, root: Path) -> str:
    return f"{tool} không chạy xong, kiểm tra mạng / {tool} failed, check the network: {log.relative_to(root)}"


def main(step: str) -> int:
    """Do one step of the set-up and return the exit code."""
    try:
        {"check": check, "venv": install_packages, "jars": fetch_jars, "classes": archive_classes}[step](_ROOT)
    except SetupError as fault:
        print(fault, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
