"""Plain data in one file: no code, with a checksum, replaced atomically."""

from .atomic import check_target, replace_file
from .codec import optimizer_name
from .file import Content, read, refusing, write

__all__ = [
    "Content",
    "check_target",
    "optimizer_name",
    "read",
    "refusing",
    "replace_file",
    "write",
]
