"""Overwrites what was secret in memory before the allocator gets it back.

Python frees memory without clearing it: what was typed into a form would stay readable (in a core dump, in
swap) until something else happens to be put in its place.
"""

import ctypes
import sys

_BYTES_HEADER = sys.getsizeof(b"ab") - 3  # a terminating NUL is counted


def wipe(secret: bytes | bytearray) -> None:
    """Overwrites the object's content with zeros. Only for what nobody else refers to and nobody reads again.

    Bytes objects of one byte or none are shared by the whole process, so they are left alone.
    """
    if len(secret) < 2:
        return
    if isinstance(secret, bytearray):
        secret[:] = bytes(len(secret))
    else:
        ctypes.memset(id(secret) + _BYTES_HEADER, 0, len(secret))
