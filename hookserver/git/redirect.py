"""The redirect of a git server. It is followed on the same server only, and never by git itself.

git would follow it to any host, also to one inside our network: git-config(1), http.followRedirects.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from hookserver.errors import GitError
from hookserver.git.remote import Remote
from hookserver.plain_text import cut

MOST = 5
"""Redirects that are followed one after the other."""
TRACE = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
"""Makes git print the headers of an answer; passwords in those that it sends are redacted: git(1), GIT_TRACE_REDACT."""
_REFUSED = re.compile(r"The requested URL returned error: 30[12378]\b")
_LOCATION = re.compile(r"^.*<= Recv header: location: *(\S+)$", re.IGNORECASE | re.MULTILINE)
_REQUEST = "/info/refs?service=git-upload-pack"
"""What git asks for first: gitprotocol-http(5), Smart Clients."""
_SHOWN = 300


def is_redirect(stderr: str) -> bool:
    """Whether git has ended because the server's answer was a redirect."""
    return _REFUSED.search(stderr) is not None


def redirected(remote: Remote, trace: str) -> str:
    """The repository's new address, from git's output with ``TRACE``.

    Raises GitError when it is on another server, or no repository.
    """
    locations = _LOCATION.findall(trace)
    try:
        target = urlsplit(urljoin(f"{remote.url}{_REQUEST}", locations[-1] if locations else ""))
        is_same = _server(target) in _same_servers(urlsplit(remote.url))
    except ValueError:  # no URL
        raise GitError(f"{remote}: the git server redirects to an address that is none", _REMEDY) from None
    repository = _repository(target)
    shown = cut(remote.mask(repository), _SHOWN)
    if not locations or f"{repository}{_REQUEST}" != _without_user(target):
        raise GitError(f"{remote}: the git server redirects to {shown}, which is no repository", _REMEDY)
    if not is_same:
        raise GitError(
            f"{remote}: the git server redirects to another one: {shown}",
            f"If you trust it, set apps.<app>.repository to {shown}, with its own password.",
        )
    return repository


_REMEDY = "Check apps.<app>.repository, and what our account may read: some servers redirect to their login page."


def _repository(address: SplitResult) -> str:
    path = address.path.removesuffix(_REQUEST.partition("?")[0])
    return _without_user(address._replace(path=path, query=""))


def _without_user(address: SplitResult) -> str:
    return address._replace(netloc=address.netloc.rpartition("@")[2], fragment="").geturl()


def _server(address: SplitResult) -> tuple[str, str, int]:
    """The scheme, the host and the port: what one server is, as a browser's origin (RFC 6454)."""
    return address.scheme, address.hostname or "", address.port or {"https": 443, "http": 80}.get(address.scheme, 0)


def _same_servers(address: SplitResult) -> tuple[tuple[str, str, int], ...]:
    """The server itself; of one without TLS on the usual port, also the one with TLS on its usual port."""
    scheme, host, port = _server(address)
    return ((scheme, host, port), ("https", host, 443)) if (scheme, port) == ("http", 80) else ((scheme, host, port),)
