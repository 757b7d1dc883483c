"""Hostile repositories, from the fetch to the image: each ends with its reason, within limits of memory and disk.

``-s`` shows a line of figures for each.
"""

from __future__ import annotations

import io
import os
import pickle
import resource
import socket
import struct
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hookserver.builders import BuildJob
from hookserver.errors import DeployFailed
from hookserver.git import Mirror
from tests.integration.builders.conftest import TOMCAT, BuildSite
from tests.integration.git.conftest import Source, new_source

MEMORY = 128 << 20
"""Bytes by which the largest process of a deploy may be larger than the worker that forks it."""
DISK = 128 << 20
"""Bytes that a deploy of these small repositories may write below its folders, also to files without a name."""


@dataclass(frozen=True)
class Used:
    """What a deploy took of this machine: ``memory`` and ``disk`` in bytes, at most at any time; how it ended."""

    outcome: str
    seconds: float
    memory: int
    disk: int


@pytest.fixture
def place(site: BuildSite, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the deploy's files, so that every byte on it counts."""
    work = tmp_path / "disk"
    work.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,nr_inodes=300000", "hostile", work], check=True)
    yield work
    subprocess.run(["umount", "--lazy", work], check=True)


def measured(place: Path, deploy: Callable[[], object]) -> Used:
    """Run the deploy in a process of its own, as the worker does, and measure it."""
    started = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.write(writer, pickle.dumps(_in_child(deploy)))
        os._exit(0)
    os.close(writer)
    peak = 0
    while not os.waitpid(child, os.WNOHANG)[0]:
        disk = os.statvfs(place)
        peak = max(peak, (disk.f_blocks - disk.f_bfree) * disk.f_frsize)
        time.sleep(0.01)
    with os.fdopen(reader, "rb") as pipe:
        outcome, memory = pickle.loads(pipe.read())
    return Used(outcome, time.monotonic() - started, memory, peak)


def _in_child(deploy: Callable[[], object]) -> tuple[str, int]:
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    try:
        deploy()
        outcome = "built"
    except DeployFailed as error:
        outcome = error.problem
    # The largest process of all that ended, in KB: getrusage(2). A forked one begins with its parent's size.
    peaks = (resource.getrusage(who).ru_maxrss << 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return outcome, max(0, max(peaks) - before)


def expect(used: Used, reason: str, name: str) -> None:
    first = used.outcome.splitlines()[0]
    print(f"\n{name:45} {used.seconds:6.1f} s {used.memory >> 20:5} MB memory {used.disk >> 20:5} MB disk  {first:.90}")
    assert reason in used.outcome
    assert used.memory < MEMORY
    assert used.disk < DISK
    assert used.seconds < 120


# Tar files that a build's container sends in place of its WARs.


ZEROS = 80 << 20
"""Bytes of a name, which the container sends after its header."""


def header(name: str, kind: bytes, size: int) -> bytes:
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, size
    return made.tobuf(tarfile.GNU_FORMAT)


def sparse(size: int) -> bytes:
    block = bytearray(header("source/target/app.war", tarfile.GNUTYPE_SPARSE, 1))
    block[386:398] = b"\x80" + (size - 1).to_bytes(11, "big")
    block[398:410] = b"%011o\0" % 1
    block[483:495] = b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + b"x".ljust(512, b"\0") + bytes(1024)


TARS = {
    "sparse, 200 MB": (sparse(200 << 20), "sparse"),
    "sparse, 1 PB": (sparse(1 << 50), "sparse"),
    "a name of 80 MB": (header("././@LongLink", tarfile.GNUTYPE_LONGNAME, ZEROS), f"{ZEROS} bytes"),
    "attributes of 80 MB": (header("x", tarfile.XHDTYPE, ZEROS), f"{ZEROS} bytes"),
    "a file of 1 PB": (header("source/target/app.war", tarfile.REGTYPE, 1 << 50) + bytes(1024), "more than 4096 MB"),
    "a link": (header("source/target/app.war", tarfile.SYMTYPE, 0) + bytes(1024), "is a link"),
    "a device": (header("source/target/app.war", tarfile.BLKTYPE, 0) + bytes(1024), "is a device"),
    "many entries": (header("source/a.war", tarfile.REGTYPE, 0) * 100_001 + bytes(1024), "more than 100000 entries"),
}


@pytest.mark.parametrize("name", TARS)
def test_hostile_tar_of_a_build_is_refused(site: BuildSite, place: Path, name: str) -> None:
    data, reason = TARS[name]
    send = f"cat /source/evil.tar; head -c {ZEROS if 'bytes' in reason else 0} /dev/zero"
    script = f"printf '%s\\n' '#!/bin/sh' '{send}' >/usr/local/bin/tar && chmod +x /usr/local/bin/tar"
    build = {"kind": "maven", "command": ["sh", "-c", script], "image": "maven:3.9-eclipse-temurin-17"}
    job = on(place, site.job({"evil.tar": data}, build=build))

    expect(measured(place, lambda: site.build(job)), reason, f"tar: {name}")


# WARs


def jar_of(count: int) -> bytes:
    """A jar of this many entries, the smallest that Python reads."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0) + b"a"
    return entry * count + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry) * count, 0, 0)


def packed(files: Mapping[str, bytes]) -> bytes:
    """A WAR or a jar that is compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_jar(jar: bytes) -> bytes:
    return packed({"index.html": b"", "WEB-INF/lib/x.jar": jar})


def class_bomb() -> bytes:
    """Jars whose classes are empty space, which unpacks to three gigabytes."""
    jar = packed({f"a/{number}.class": bytes(2 << 20) for number in range(16)})
    return packed({"index.html": b"", **{f"WEB-INF/lib/{number}.jar": jar for number in range(100)}})


WARS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a jar of 892,405 entries": (lambda: with_jar(jar_of(892_405)), "39 MB"),
    "a jar of 100,001 entries": (lambda: with_jar(jar_of(100_001)), "100000 entries"),
    "892,405 entries": (lambda: jar_of(892_405), "39 MB"),
    "300 MB of zeros": (lambda: packed({"index.html": b"", "zeros": bytes(300 << 20)}), "zip bomb"),
    "no zip": (lambda: b"x" * 1000, "cannot be read as a WAR"),
    "classes of 3 GB": (class_bomb, "built"),
}


@pytest.mark.parametrize("name", WARS)
def test_hostile_war_takes_little(site: BuildSite, place: Path, name: str) -> None:
    make, reason = WARS[name]
    job = on(place, site.job({"shop.war": make()}, build={"kind": "war"}))

    expect(measured(place, lambda: site.build(job)), reason, f"WAR: {name}")


# Dockerfiles

FROM = f"FROM {TOMCAT}\n"
DOCKERFILES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "blank lines": ({"Dockerfile": FROM + "\n" * 1_000_000}, "built"),
    "blanks after RUN": ({"Dockerfile": FROM + "RUN" + " " * 60_000}, "failed"),
    "stars in COPY": ({"Dockerfile": FROM + f"COPY {'*a' * 5000}/target/ /x\n"}, "failed"),
    "stars in .dockerignore": ({"Dockerfile": FROM, ".dockerignore": "*a" * 20_000 + "\n**/" + "a*" * 10_000}, "built"),
    "patterns of 1 MB": ({"Dockerfile": FROM, ".dockerignore": "*a\n" * 300_000}, "patterns of more than"),
    "backslashes": ({"Dockerfile": "\\" * 1000}, "unknown instruction"),
}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hostile_dockerfile_takes_little(site: BuildSite, place: Path, name: str) -> None:
    files, reason = DOCKERFILES[name]
    job = on(place, site.job({**files, f"{'a' * 200}/{'a' * 200}": ""}, build={"kind": "dockerfile"}))

    expect(measured(place, lambda: site.build(job)), reason, f"Dockerfile: {name}")


# Trees of git


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = new_source(tmp_path)
    made.commit({"a": "a\n"})
    return made


def push_tree(source: Source, innermost: str, name: str, width: int, depth: int) -> None:
    """A few trees, each ``width`` times in the next one."""
    tree = _tree(source, innermost)
    for _ in range(depth):
        tree = _tree(source, "".join(f"040000 tree {tree}\t{name}{number}\n" for number in range(width)))
    source.git("update-ref", "HEAD", source.git("commit-tree", tree, "-m", "hostile"))
    source.push()


def _tree(source: Source, listing: str) -> str:
    done = subprocess.run(
        ["git", "mktree"], cwd=source.clone, input=listing, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def a_million_files(source: Source) -> str:
    push_tree(source, f"100644 blob {source.git('hash-object', '-w', 'a')}\tx\n", "f", 10, 6)
    return "more than 100000 files"


def a_trillion_folders(source: Source) -> str:
    push_tree(source, "", "f", 10, 12)
    return "more than 100000 files"


def three_gigabytes(source: Source) -> str:
    (source.clone / "large").write_bytes(bytes(30 << 20))
    blob = source.git("hash-object", "-w", "large")
    push_tree(source, "".join(f"100644 blob {blob}\t{number}\n" for number in range(100)), "", 0, 0)
    return "2 GB"


def deep_folders(source: Source) -> str:
    push_tree(source, f"100644 blob {source.git('hash-object', '-w', 'a')}\tx\n", "f", 1, 1500)
    return "100 folders inside each other"


def links(source: Source) -> str:
    for name, target in {"shadow": "/etc/shadow", "up": "../../../..", "loop": "loop", "shop.war": "/etc/x"}.items():
        (source.clone / name).symlink_to(target)
    for number in range(60):
        (source.clone / f"d{number + 1}").symlink_to(f"d{number}/../d{number}")
    source.commit({})
    return "shop.war cannot be read as a WAR"


def filters(source: Source) -> str:
    (source.clone / "attributes").write_text("* filter=lfs diff=lfs merge=lfs working-tree-encoding=UTF-32\n")
    (source.clone / "text").write_text("x" * (10 << 20))
    blobs = [source.git("hash-object", "-w", "--no-filters", name) for name in ("attributes", "text")]
    push_tree(source, f"100644 blob {blobs[0]}\t.gitattributes\n100644 blob {blobs[1]}\ttext\n", "", 0, 0)
    return "has no known build file"


TREES = (a_million_files, a_trillion_folders, three_gigabytes, deep_folders, links, filters)


@pytest.mark.parametrize("make", TREES, ids=lambda make: make.__name__)
def test_hostile_tree_takes_little(site: BuildSite, place: Path, source: Source, make: Callable[[Source], str]) -> None:
    reason = make(source)

    expect(measured(place, lambda: deploy(site, place, source)), reason, f"git: {make.__name__.replace('_', ' ')}")


def test_submodules_and_lfs_that_point_home_reach_nothing(site: BuildSite, place: Path, source: Source) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        home = f"http://127.0.0.1:{server.getsockname()[1]}"
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n"
        (source.clone / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = {home}/x.git\n')
        source.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
        source.commit(
            {
                ".lfsconfig": f"[lfs]\n\turl = {home}/lfs\n",
                ".gitattributes": "*.war filter=lfs diff=lfs merge=lfs -text\n",
                "shop.war": pointer,
            }
        )
        used = measured(place, lambda: deploy(site, place, source))
        with pytest.raises(BlockingIOError):
            server.accept()
    expect(used, "shop.war cannot be read as a WAR", "git: submodules and LFS that point home")


def deploy(site: BuildSite, place: Path, source: Source) -> None:
    """Fetch, check out and build the branch."""
    mirror = Mirror(place / "mirrors/shop.git", str(source.bare), "main", tag="hostile")
    job = on(place, site.job({}))
    mirror.checkout(mirror.fetch(60), job.source, 60)
    site.build(job)


def on(place: Path, job: BuildJob) -> BuildJob:
    """The same job on another disk."""
    moved = place / "work"
    moved.mkdir()
    subprocess.run(["cp", "-a", job.source, moved / "source"], check=True)
    return replace(job, source=moved / "source", work=moved)
