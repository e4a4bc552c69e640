"""Overwrites secrets in memory before they are freed.

Python frees memory without clearing it: a submitted password would stay readable (in a core dump, in swap)
until the memory is reused.
"""

import ctypes
import sys

_BYTES_HEADER = sys.getsizeof(b"ab") - 3  # -3: two characters and the terminating NUL


def wipe(secret: bytes | bytearray) -> None:
    """Overwrites the object's content with zeros.

    Only for objects without other references that nobody reads again.

    Bytes objects of length 0 and 1 are shared by the whole process, so they are left alone.
    """
    if len(secret) < 2:
        return
    if isinstance(secret, bytearray):
        secret[:] = bytes(len(secret))
    else:
        ctypes.memset(id(secret) + _BYTES_HEADER, 0, len(secret))
