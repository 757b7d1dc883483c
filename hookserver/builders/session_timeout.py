"""After how much silence a WAR's sessions end, by its ``web.xml`` (``session-config``, in minutes)."""

from __future__ import annotations

import math
import zipfile
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hookserver.models import SESSION_TIMEOUT

_LIMIT = 4 << 20


def of_war(archive: zipfile.ZipFile) -> float:
    """Seconds, ``inf`` for sessions that never end; Tomcat's own 30 minutes where the WAR says nothing it can read."""
    try:
        with archive.open("WEB-INF/web.xml") as descriptor:
            root = fromstring(descriptor.read(_LIMIT))
    except (KeyError, ParseError, DefusedXmlException, zipfile.BadZipFile, ValueError):
        return SESSION_TIMEOUT
    return of_minutes(root.findtext("{*}session-config/{*}session-timeout") or "")


def of_minutes(text: str) -> float:
    """The same of what stands in the file: ``15`` is 900 s, ``0`` and ``-1`` are never."""
    try:
        minutes = int(text.strip())
    except ValueError:
        return SESSION_TIMEOUT
    return minutes * 60.0 if minutes > 0 else math.inf
