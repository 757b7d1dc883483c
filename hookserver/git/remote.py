"""The address of a repository without its credentials, and the meaning of git's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from hookserver.config.passwords import hide, masked, secrets_in, without_user
from hookserver.errors import EmptyRepository, GitError
from hookserver.git.environment import in_environment
from hookserver.plain_text import cut

_HELPER = """!f() { test "$1" = get || return 0
user="username=$HOOKSERVER_GIT_USER"
if test -z "$HOOKSERVER_GIT_PASSWORD" &&
    { printf '%s\\n' "$user"; cat; } | GIT_CONFIG_COUNT=0 git credential fill 2>/dev/null; then return; fi
printf '%s\\npassword=%s\\n' "$user" "$HOOKSERVER_GIT_PASSWORD"; }; f"""
"""A credential helper, gitcredentials(7). A user without a password may be one that the machine's own helpers know,
or a token, which needs no password."""
_NOISE = re.compile(r"^(?:warning: .*|hint: .*|From .*|)$", re.MULTILINE)

TOO_LARGE = "Make the repository smaller: hookserver's limits are in deploy/README.md."


@dataclass(frozen=True)
class Remote:
    """Where an app's repository is. Neither ``url`` nor a process list shows the password."""

    url: str
    _credentials: tuple[str, str] | None = field(default=None, repr=False)
    _secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return self.url.startswith("/")

    @property
    def environment(self) -> dict[str, str]:
        """Makes `_HELPER` git's only source of this server's password; no argument or file has it."""
        if self._credentials is None:
            return {}
        parts = urlsplit(self.url)
        key = f"credential.{parts.scheme}://{parts.netloc}.helper"
        user, password = self._credentials
        return {
            # An empty helper removes those configured before it: gitcredentials(7).
            **in_environment((key, ""), (key, _HELPER)),
            "HOOKSERVER_GIT_USER": user,
            "HOOKSERVER_GIT_PASSWORD": password,
        }

    def mask(self, text: str) -> str:
        """The text without this remote's password, and without the passwords of addresses in it."""
        for secret in self._secrets:
            text = text.replace(secret, masked(secret))
        return str(hide(text))

    def __str__(self) -> str:
        return str(hide(self.url))


def parse_remote(repository: str) -> Remote:
    """Split ``https://user:password@host/…`` into the address and the credentials; keep any other address as it is.

    A user without a password may be a token, so it counts as a secret, too.
    """
    user_info = urlsplit(repository).netloc.rpartition("@")[0]
    if not user_info or not repository.startswith(("http://", "https://")):
        return Remote(repository)
    user, _, password = user_info.partition(":")
    secrets = {secret for secret in secrets_in(repository) if len(secret) > 3}
    return Remote(without_user(repository), (unquote(user), unquote(password)), tuple(sorted(secrets)))


_DROPPED = (
    r"early EOF|RPC failed|unexpected disconnect|hung up unexpectedly|[Cc]onnection reset|transfer closed|too slow"
    r"|unexpected EOF|Empty reply|server certificate status|Connection closed|Broken pipe|of body are still expected"
)
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        r"mismatched algorithms|does not support this repository's object format",
        "the repository names its commits by SHA-256, which hookserver does not support",
        "Use one with SHA-1 names, as `git init --object-format=sha1` makes it and every forge does.",
    ),
    (
        r"could not read (?:Username|Password)|Authentication failed|error: 40[13]\b|HTTP Basic: Access denied",
        "the git server refuses the login",
        "Give a token in apps.<app>.repository (https://user:token@host/…), or in ~/.netrc or a credential helper of "
        "the user that hookserver runs as.",
    ),
    (
        r"Permission denied \(|Too many authentication failures",
        "the git server accepts none of our SSH keys",
        "Add the public key of the user that hookserver runs as to the repository as a deploy key; "
        "that user's ~/.ssh/config says which key is used.",
    ),
    (
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \w+ host key is known",
        "the git server's SSH host key is not known, or has changed",
        "Compare it with the one that the server's owner publishes, then add it to ~/.ssh/known_hosts of the user that "
        "hookserver runs as (ssh-keyscan prints it).",
    ),
    (
        r"Could not resolve host|Name or service not known|Temporary failure in name resolution|unable to look up",
        "the git server's name is not found",
        "Check the host name in apps.<app>.repository, and this machine's DNS.",
    ),
    (
        r"Connection refused|Failed to connect|Couldn't connect|[Cc]onnection timed out|No route to host"
        r"|Network is unreachable|Operation timed out",
        "the git server cannot be reached",
        "Check the host and port in apps.<app>.repository, the firewall, and the proxy if there is one.",
    ),
    (
        r"SSL certificate|certificate verif|unable to get local issuer|self.signed certificate",
        "the git server's certificate is not trusted",
        "Let git trust your company's CA: git config --system http.sslCAInfo /path/to/ca.pem",
    ),
    (
        r"[Rr]epository .{0,300}not found|does not appear to be a git repository|error: 404\b|does not exist"
        r"|project you were looking for could not be found|not valid: is this a git repository",
        "there is no such repository, or our account may not read it",
        "Check apps.<app>.repository, and what our account or key may read.",
    ),
    (
        r"transport '.{0,100}' not allowed|protocol looks suspicious",
        "this kind of repository address is not allowed",
        "Use an https://, http://, ssh:// or git@host:path address, or an absolute path.",
    ),
    (
        r"error: 30[12378]\b",
        "the git server redirects again and again",
        "Set apps.<app>.repository to the repository's present address.",
    ),
    (
        r"error: (?:5\d\d|429)\b",
        "the git server has an internal error, or too many requests",
        "Push again later.",
    ),
    (
        r"died of signal (?:24|25)|File too large|[Oo]ut of memory|mmap failed",
        "the repository needs more memory, time or disk than hookserver gives to git",
        TOO_LARGE,
    ),
    (r"No space left on device|Disk quota exceeded", "the disk is full", "Make room below server.state_dir."),
    (
        _DROPPED,
        "the connection to the git server broke",
        "Push again; the mirror keeps nothing incomplete.",
    ),
)
"""A pattern of git's output, which matches in linear time; the problem that it means; the remedy."""


def explained(stderr: str, remote: Remote) -> GitError | None:
    """The error for a known failure of the server, the network or the disk; None for an unknown one."""
    for pattern, problem, remedy in _MEANINGS:
        if re.search(pattern, stderr):
            return GitError(f"{remote}: {problem}\n{output_excerpt(stderr, remote)}", remedy)
    return None


def output_excerpt(stderr: str, remote: Remote, lines: int = 6) -> str:
    """The last lines of git's output, without noise and passwords."""
    text = _NOISE.sub("", remote.mask(stderr))
    kept = [cut(line.strip(), 500) for line in text.splitlines() if line.strip()]
    return "\n".join(f"git: {line}" for line in kept[-lines:])


def parse_heads(listing: str) -> dict[str, str]:
    """The commits by their refs' full names, from the output of ``git ls-remote``."""
    rows = (line.partition("\t") for line in listing.splitlines())
    return {name: commit for commit, tab, name in rows if tab and re.fullmatch(r"[0-9a-f]{40,64}", commit)}


def branch_missing(remote: Remote, branch: str, heads: dict[str, str]) -> GitError:
    """The error for a missing branch, which names those that exist; EmptyRepository when there are none."""
    names = [name.removeprefix("refs/heads/") for name in heads if name.startswith("refs/heads/")]
    if not names:
        return EmptyRepository(f"{remote} is empty: it has no branch yet", f"Push {branch} to it.")
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return GitError(
        f"{remote} has no branch {branch}; it has {shown}", f"Set apps.<app>.branch to one of them, or push {branch}."
    )
