"""How long the sessions of a release live, as its replicas report: only they know the timeouts that the app sets."""

from __future__ import annotations

import http.client
import math
from collections.abc import Sequence

from hookserver.models import Endpoint

QUESTION = "X-Hookserver-Sessions"
"""The header of the question, which is ours alone, and of the answer: seconds, -1 for never (AffinityValve.java)."""
_TIMEOUT = 2.0


def longest_session(replicas: Sequence[Endpoint], path: str) -> float:
    """Seconds of silence after which the last of all their sessions has ended, 0 when they have none.

    ``inf`` when one never ends, and when no replica reports it. ``path``: where the app answers.
    """
    lifetimes = [_request(replica, path) for replica in replicas]
    return max((seconds for seconds in lifetimes if seconds is not None), default=math.inf)


def _request(replica: Endpoint, path: str) -> float | None:
    """None: the replica does not report it. A replica that is gone has no sessions any more."""
    connection = http.client.HTTPConnection(replica.host, replica.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={QUESTION: "?"})
        seconds = float(connection.getresponse().headers[QUESTION])
    except (OSError, http.client.HTTPException, TypeError, ValueError):
        return None
    finally:
        connection.close()
    return seconds if seconds >= 0 else math.inf
