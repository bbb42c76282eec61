"""Synchronisation of a folder of prompts with a server: pull, push, and conflicts that users have to decide."""

from promptuary.sync.bundling import bundle, is_replaceable
from promptuary.sync.comparing import AssembledDifference, Difference, list_assembled_differences, list_differences
from promptuary.sync.merging import Draft, Unmergeable, merge
from promptuary.sync.parts import ServerParts, keep_parts
from promptuary.sync.pulling import Pulled, PullStep, perform_pull, plan_pull, read_kept_parts
from promptuary.sync.pushing import Action, Push, perform, plan_push
from promptuary.sync.sources import Source, read_source
from promptuary.sync.states import State, is_of, list_states, new_lock, require_same_project
from promptuary.sync.stubs import python_stubs, typescript_stubs
from promptuary.sync.verifying import Problem, list_problems, read_declared

__all__ = [
    "Action",
    "AssembledDifference",
    "Difference",
    "Draft",
    "Problem",
    "PullStep",
    "Pulled",
    "Push",
    "ServerParts",
    "Source",
    "State",
    "Unmergeable",
    "bundle",
    "is_of",
    "is_replaceable",
    "keep_parts",
    "list_assembled_differences",
    "list_differences",
    "list_problems",
    "list_states",
    "merge",
    "new_lock",
    "perform",
    "perform_pull",
    "plan_pull",
    "plan_push",
    "python_stubs",
    "read_declared",
    "read_kept_parts",
    "read_source",
    "require_same_project",
    "typescript_stubs",
]
