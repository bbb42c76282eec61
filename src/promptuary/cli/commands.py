"""All commands with their modules. `command_group` loads a command when it is used.

Most of the time that a command takes is the loading of libraries: those that ask a server need no database layer, those that work
on the database need no HTTP. ``promptuary --help`` shows the lines of the table here and loads no command, and not Typer either.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Location(NamedTuple):
    """A function of a module of this package, or its ``app`` with further commands, and the first sentence of its help."""

    module: str
    summary: str
    function: str = "app"


LOCATIONS: Mapping[str, Location] = {
    "serve": Location("serve", "Start the server.", "serve"),
    "mcp": Location("mcp", "Serve an agent over standard input and output (MCP).", "mcp"),
    "login": Location("login", "Log in to a server with a browser, or with a key, for later commands.", "login"),
    "logout": Location("login", "Remove a profile and its key.", "logout"),
    "whoami": Location("whoami", "Show the server, project, user and key that commands use.", "whoami"),
    "profile": Location("profiles", "Stored servers, projects and keys."),
    "export": Location(
        "transfers", "Write a whole project into a file: prompts, versions, labels, authors, times.", "export_project"
    ),
    "import": Location("transfers", "Import an export, or a PostHog project, into a project.", "import_project"),
    "pull": Location("pull", "Write each prompt to a file and record the versions in prompts.lock.", "pull"),
    "push": Location("push", "Publish local edits since the last pull, each on top of its base version.", "push"),
    "check": Location("check", "Check, without a server and without the lock file, that each file is a valid prompt.", "check"),
    "plan": Location("plan", "Show what apply would publish, label and archive.", "plan"),
    "apply": Location("plan", "Publish and label what differs from the server, each prompt in one step.", "apply"),
    "sync": Location("sync", "Write what was released in the pages to the files, without questions.", "sync"),
    "status": Location("status", "List local edits, and versions of the server that were not pulled.", "status"),
    "diff": Location("status", "Compare local files with the pulled versions.", "diff"),
    "verify": Location(
        "verify", "Check, without a server, that files match the lock file and have the declared variables.", "verify"
    ),
    "bundle": Location("bundle", "Write all prompts of a folder to one file, from which client libraries serve them.", "bundle"),
    "stubs": Location("stubs", "Write types for the prompts of a folder, from their declared variables.", "stubs"),
    "schema": Location("schema", "Print the JSON Schema of the front matter of prompts, or of promptuary.toml.", "schema"),
    "project": Location("projects", "Projects of a server, over HTTP."),
    "member": Location("members", "Members of a project, over HTTP."),
    "key": Location("keys", "Your personal API keys, over HTTP."),
    "prompt": Location("prompt_writing", "Read, write, compare, label and archive the prompts of a server over HTTP."),
    "label": Location("labels", "Point a label of a prompt at a version, take its last move back, list its history."),
    "promote": Location(
        "releases", "Point a label of many prompts at what another label points at: all of them, or none.", "promote"
    ),
    "releases": Location(
        "releases", "List releases, which are labels of several prompts that were moved together, and undo one as a whole."
    ),
    "request": Location("requests", "Propose moves of labels; review, approve and merge what others propose."),
    "rule": Location("rules", "Protect labels: who may move them, and how many approvals it takes."),
    "log": Location("log", "List the versions of a prompt, newest first: labels, note, author and time of each.", "show_log"),
    "render": Location(
        "render", "Print a prompt as programs get it, with values in the place of its variables; a chat as JSON.", "render"
    ),
    "usage": Location("usage", "Show how often programs fetched a prompt: by version, label, key and day.", "show_usage"),
    "watch": Location("watch", "Print changes of prompts and labels as they happen, until Ctrl+C.", "watch"),
    "open": Location("open", "Open the page of a prompt in the browser, and print its address.", "open_prompt"),
    "at": Location("past", "Show what programs got at a time of the past, or list the prompts of then.", "show_past"),
    "completion": Location(
        "completion",
        "Print the script with which a shell completes commands, options, and names of prompts and labels.",
        "completion",
    ),
    "admin": Location("admin", "Work directly on the database of a server, on its host."),
}
"""All commands by name, in the order of the help."""

ADMIN_LOCATIONS: Mapping[str, Location] = {
    "user": Location("admin.users", "User accounts."),
    "project": Location("admin.projects", "Projects: separate sets of prompts with their own members and token."),
    "member": Location("admin.members", "Project members."),
    "key": Location("admin.keys", "Personal API keys."),
    "webhook": Location("admin.webhooks", "Webhooks, by which other services learn of changes of prompts and labels."),
    "db": Location("admin.db", "Upgrade, check, back up and restore the database."),
    "demo": Location(
        "admin.demo", "Create a demo project with a dozen prompts with histories and labels, and print a key for it.", "demo"
    ),
}
"""The commands of ``promptuary admin``: all that open the database, but ``promptuary serve``."""

MOVED = ("user", "webhook", "db", "demo")
"""Names that were commands of their own until they moved to ``promptuary admin``. They still work, and are not in the help."""
