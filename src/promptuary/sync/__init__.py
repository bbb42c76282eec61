"""Synchronisation of a folder of prompts with a server: pull, push, and conflicts that users have to decide."""

from promptuary.sync.applying import Proposal, apply_changes, open_proposal
from promptuary.sync.bases import Known
from promptuary.sync.bundling import bundle, is_replaceable
from promptuary.sync.checking import Finding, list_findings
from promptuary.sync.checkouts import Checkout, read_checkout
from promptuary.sync.comparing import AssembledDifference, Difference, list_assembled_differences, list_differences, readable
from promptuary.sync.merging import Draft, Unmergeable, is_same, merge
from promptuary.sync.parts import ServerParts, keep_parts
from promptuary.sync.planning import Change, Goal, Step, list_unseen, plan_changes
from promptuary.sync.pulling import Pulled, PullStep, perform_pull, plan_pull, read_kept_parts
from promptuary.sync.pushing import Action, Push, perform, plan_push
from promptuary.sync.receiving import receive, snapshot
from promptuary.sync.sources import Source, read_source
from promptuary.sync.states import State, is_of, list_states, new_lock, require_same_project
from promptuary.sync.stubs import python_stubs, typescript_stubs
from promptuary.sync.tag_places import FileLines
from promptuary.sync.verifying import Problem, list_problems, read_declared

__all__ = [
    "Action",
    "AssembledDifference",
    "Change",
    "Checkout",
    "Difference",
    "Draft",
    "FileLines",
    "Finding",
    "Goal",
    "Known",
    "Problem",
    "Proposal",
    "PullStep",
    "Pulled",
    "Push",
    "ServerParts",
    "Source",
    "State",
    "Step",
    "Unmergeable",
    "apply_changes",
    "bundle",
    "is_of",
    "is_replaceable",
    "is_same",
    "keep_parts",
    "list_assembled_differences",
    "list_differences",
    "list_findings",
    "list_problems",
    "list_states",
    "list_unseen",
    "merge",
    "new_lock",
    "open_proposal",
    "perform",
    "perform_pull",
    "plan_changes",
    "plan_pull",
    "plan_push",
    "python_stubs",
    "read_checkout",
    "read_declared",
    "read_kept_parts",
    "read_source",
    "readable",
    "receive",
    "require_same_project",
    "snapshot",
    "typescript_stubs",
]
