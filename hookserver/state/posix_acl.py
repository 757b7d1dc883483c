"""POSIX access control lists, as the bytes in which the kernel takes them and returns them (pure).

What they mean: acl(5). The format: struct posix_acl_xattr_header and posix_acl_xattr_entry of
<linux/posix_acl_xattr.h>, little-endian; the tags: <linux/posix_acl.h>. The kernel wants the entries in the order of
their tags: posix_acl_valid() in https://github.com/torvalds/linux/blob/master/fs/posix_acl.c
"""

from __future__ import annotations

import struct
from collections.abc import Collection

ACCESS = "system.posix_acl_access"
"""The extended attribute of the rights to an entry itself: xattr(7)."""
DEFAULT = "system.posix_acl_default"
"""That of a folder's rights for new entries, whatever the umask of who makes them is."""
READ_WRITE = 0o6
ALL = 0o7

_VERSION = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
"""ACL_UNDEFINED_ID: the entry is of no named user."""


def encode(rights: int, users: Collection[int] = ()) -> bytes:
    """A list that grants ``rights`` to the owner and to these ``users``, and nothing to anybody else.

    It has the very bytes that an entry gets from a default list with ``ALL`` and the same users if it is made with
    these ``rights``, so the two can be compared: named users keep theirs, and the mask limits them.
    """
    entries = [(_USER_OBJ, rights, _NOBODY), *((_USER, ALL, user) for user in sorted(set(users)))]
    entries += [(_GROUP_OBJ, 0, _NOBODY), *([(_MASK, rights, _NOBODY)] if users else []), (_OTHER, 0, _NOBODY)]
    return _VERSION.pack(2) + b"".join(_ENTRY.pack(*entry) for entry in entries)


def named_users(acl: bytes) -> list[int]:
    """The users that a list names; none for one that cannot be read."""
    entries = acl[_VERSION.size :]
    if len(entries) % _ENTRY.size:
        return []
    return [user for tag, _, user in _ENTRY.iter_unpack(entries) if tag == _USER]
