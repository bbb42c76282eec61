"""Prompts as files in a folder: their form, their names, what was pulled, and what differs from it.

Nothing here knows of servers; `promptuary.sync` brings the two together.
"""

from promptuary.files.configuration import (
    CONFIGURATION,
    DEFAULT_FOLDER,
    Configuration,
    Declared,
    Environment,
    find_configuration,
    parse_variables,
)
from promptuary.files.documents import Document, decoded, in_line_feeds, line_of_key, parse_document, render_document
from promptuary.files.errors import InvalidFile
from promptuary.files.folder_files import read_plain_file, write_file
from promptuary.files.folders import (
    Folder,
    FoundFile,
    read_folder,
    remove_prompt_file,
    write_lock,
    write_prompt_file,
)
from promptuary.files.hashes import content_sha256, hashes_of
from promptuary.files.locks import LOCK, Lock, LockedReference, LockEntry, parse_lock, render_lock
from promptuary.files.naming import choose_file_name, is_safe_file_name
from promptuary.files.parts import PARTS, PartKey, write_parts

__all__ = [
    "CONFIGURATION",
    "DEFAULT_FOLDER",
    "LOCK",
    "PARTS",
    "Configuration",
    "Declared",
    "Document",
    "Environment",
    "Folder",
    "FoundFile",
    "InvalidFile",
    "Lock",
    "LockEntry",
    "LockedReference",
    "PartKey",
    "choose_file_name",
    "content_sha256",
    "decoded",
    "find_configuration",
    "hashes_of",
    "in_line_feeds",
    "is_safe_file_name",
    "line_of_key",
    "parse_document",
    "parse_lock",
    "parse_variables",
    "read_folder",
    "read_plain_file",
    "remove_prompt_file",
    "render_document",
    "render_lock",
    "write_file",
    "write_lock",
    "write_parts",
    "write_prompt_file",
]
