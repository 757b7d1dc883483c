"""deploy/sample as a WAR that can be pushed in any version without a build, with the pages that a bench needs."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SAMPLE = Path(__file__).parents[2] / "deploy/sample"
MAVEN = "maven:3.9-eclipse-temurin-17"
_TRUSTED = Path("/etc/ssl/certs/java/cacerts")
"""What this machine's Java trusts, which may be more than the image's does."""
_KEPT = Path("/var/tmp/hookserver-sample")
_PROPERTIES = "WEB-INF/classes/shop.properties"


def sample_war(version: str, pages: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """The sample shop in this version, with further pages."""
    packed = io.BytesIO()
    with zipfile.ZipFile(_built()) as built, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in built.infolist():
            content = f"version={version}\n".encode() if entry.filename == _PROPERTIES else built.read(entry)
            archive.writestr(zipfile.ZipInfo(entry.filename), content)
        for name, text in pages.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def _built() -> Path:
    """Maven's WAR of the sample as it is now; built once."""
    files = sorted(path for path in (SAMPLE / "src/main").rglob("*") if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in [SAMPLE / "pom.xml", *files])).hexdigest()[:12]
    kept = _KEPT / f"{digest}.war"
    if not kept.exists():
        _KEPT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_KEPT) as folder:
            shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("target"), dirs_exist_ok=True)
            container = [
                "docker",
                "run",
                "--rm",
                "--network=host",
                "--volume",
                f"{folder}:/source",
                "--workdir=/source",
            ]
            maven = [MAVEN, "mvn", "--quiet", "--batch-mode", "-DskipTests", "package"]
            if _TRUSTED.exists():
                container += ["--volume", f"{_TRUSTED}:/trusted:ro"]
                maven += ["-Djavax.net.ssl.trustStore=/trusted"]
            subprocess.run([*container, *maven], check=True, timeout=300)
            Path(folder, "target/shop.war").rename(kept)
    return kept
