"""A folder of prompts and a server, brought in step: what to take, what to publish, and what has to be decided by people."""

from promptuary.sync.bundling import bundle
from promptuary.sync.comparing import Difference, list_differences
from promptuary.sync.merging import Draft, Unmergeable, merge
from promptuary.sync.pulling import Pulled, pull
from promptuary.sync.pushing import Action, Push, perform, plan_push
from promptuary.sync.states import State, list_states, require_same_server
from promptuary.sync.verifying import Problem, list_problems, read_declared

__all__ = [
    "Action",
    "Difference",
    "Draft",
    "Problem",
    "Pulled",
    "Push",
    "State",
    "Unmergeable",
    "bundle",
    "list_differences",
    "list_problems",
    "list_states",
    "merge",
    "perform",
    "plan_push",
    "pull",
    "read_declared",
    "require_same_server",
]
