"""Plain data in one file: no code, no wrong byte, whole or not at all."""

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
