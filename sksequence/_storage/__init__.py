"""Plain data in one file: no code, with a checksum, replaced atomically."""

from .atomic import check_target, replace_file
from .codec import optimizer_name
from .file import Content, Kind, read, refusing, write

__all__ = [
    "Content",
    "Kind",
    "check_target",
    "optimizer_name",
    "read",
    "refusing",
    "replace_file",
    "write",
]
