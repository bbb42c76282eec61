"""Every refusal of the domain, with its text. How a refusal travels (status, body, exit status) is decided by the edges.

The texts are those of the wire contract wherever it states one, because API clients and people read the same sentences.
"""


class UserFacingError(Exception):
    """The root of all expected failures, also those outside the domain; ``str(failure)`` is one clear sentence for people."""


class RegistryError(UserFacingError):
    """The root of all expected refusals of the domain; ``str(refusal)`` is one clear sentence."""

    @property
    def for_log(self) -> str:
        """Text for the log."""
        return str(self)

    @property
    def for_operators(self) -> str:
        """Sentence for users of the command line and operators."""
        return str(self)


class InvalidValue(RegistryError):
    """A value breaks a rule of its field.

    ``code`` is the machine-readable rule, ``field`` the name of the offending field, ``None`` where no single one is to blame.
    """

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field


class AddressNotVerified(InvalidValue):
    """A role for an account needs a confirmation, because the account's address is not verified for this project."""

    def __init__(self, email: str) -> None:
        detail = (
            f"The e-mail address '{email}' of this account is not verified. "
            "Ask this person whether the account is theirs, then confirm it."
        )
        super().__init__("address_not_verified", detail, field="email")


class InvalidLine(InvalidValue):
    """A line of an export is not what it should be. ``number`` counts from 1."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__("invalid_line", f"Line {number}: {problem.removesuffix('.')}.")
        self.number = number
        self.problem = problem.removesuffix(".")


class InvalidExport(InvalidValue):
    """A file cannot be read or written as an export."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__("invalid_export", f"{path}: {problem}")


class HistoryConflict(RegistryError):
    """An import would have to change what is there: a prompt of this name has another history."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Prompt '{name}' cannot be imported: {problem}.")
        self.name = name


class NameTaken(RegistryError):
    """An active prompt of the project already has this name."""

    def __init__(self, detail: str = "A prompt with this name already exists.") -> None:
        super().__init__(detail)


class CopyNameTaken(NameTaken):
    """The name wanted for a duplicate is taken."""


class RestoredNameTaken(NameTaken):
    """The name of an archived prompt has been taken since."""

    def __init__(self) -> None:
        super().__init__("A prompt with this name already exists. Archive it first to restore this one.")


class NotFound(RegistryError):
    """The root of "there is no such thing"."""


class ProjectNotFound(NotFound):
    """No project has this id, or the caller has no current project."""

    def __init__(self) -> None:
        super().__init__("Project not found.")


class PromptNotFound(NotFound):
    """No active prompt matches a name or UUID, or it lacks the wanted version or label.

    ``lacks`` names what a prompt that is there has not got, if that is known; clients of the API read the same text nevertheless.
    """

    def __init__(self, segment: str, *, version: int | None = None, label: str | None = None, lacks: str = "") -> None:
        if label is not None:
            detail = f"No prompt matching '{segment}' with label '{label}'. Fetch it without a label to see which labels it has."
        elif version is not None:
            detail = (
                f"No prompt matching '{segment}' at version {version}. Fetch it without a version to see which versions it has."
            )
        else:
            detail = f"No prompt matching '{segment}' in this project. List the project's prompts to see which names exist."
        super().__init__(detail)
        self.segment = segment
        self.version = version
        self.label = label
        self.lacks = lacks


class PromptGone(RegistryError):
    """The prompt that a form showed was archived; another one may have its name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The prompt '{name}' that you looked at was archived in the meantime.")


class ArchivedPromptNotFound(NotFound):
    """No archived prompt had this name, or none that had it has the wanted version."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No archived prompt matching '{name}' in this project. List with archived=true to see which exist.")
        self.name = name


class VersionNotFound(NotFound):
    """A label was to point at a version that does not exist."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"Prompt '{name}' has no version {version}.")


class LabelNotFound(NotFound):
    """The prompt does not carry the label."""

    def __init__(self, label: str, name: str) -> None:
        super().__init__(f"Label '{label}' not found on prompt '{name}'.")
        self.label = label


class UserNotFound(NotFound):
    """No user has this e-mail address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"No user has the e-mail address '{email}'.")


class MemberNotFound(NotFound):
    """The user is not a member of the project."""

    def __init__(self, email: str, project_id: int) -> None:
        super().__init__(f"'{email}' is not a member of project {project_id}.")


class NoSuchMember(NotFound):
    """The project has no member with this ID."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"No member of this project has the ID {user_id}.")


class KeyNotFound(NotFound):
    """No personal API key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"No personal API key has the id '{key_id}'.")


class WebhookNotFound(NotFound):
    """The project has no webhook with this ID."""

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"No webhook has the ID '{webhook_id}' in this project.")


class DeliveryNotFound(NotFound):
    """The webhook has no delivery with this ID, or it was deleted."""

    def __init__(self, delivery_id: object) -> None:
        super().__init__(f"No delivery has the ID {delivery_id} for this webhook. Old deliveries are deleted.")


class LinkEnded(NotFound):
    """A one-time link was used, has expired, or never was one."""

    def __init__(self) -> None:
        super().__init__("This link has been used or has expired.")


class SessionNotFound(NotFound):
    """The user has no session with this id."""

    def __init__(self) -> None:
        super().__init__("This session has already ended.")


class VersionConflict(RegistryError):
    """Another version was published after the caller's ``base_version``."""

    def __init__(self, current_version: int) -> None:
        super().__init__("The prompt changed since you opened it. Reload the latest version and try again.")
        self.current_version = current_version


class EditRefused(RegistryError):
    """An edit cannot be applied; ``edit_index`` counts from 0.

    ``hint`` is for agents and people: what may be wrong, a sentence or nothing. The API has the contract's text alone.
    """

    def __init__(self, detail: str, *, edit_index: int, hint: str = "") -> None:
        super().__init__(detail)
        self.edit_index = edit_index
        self.hint = hint


class TooManyVersions(RegistryError):
    """The prompt has as many versions as a prompt may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Prompt has reached the maximum of {limit} versions. Archive and recreate the prompt to continue publishing."
        )


class LabelMoved(RegistryError):
    """A label is not at the version its caller expects. ``current_version`` is where it points; `None`: it is not set."""

    def __init__(self, current_version: int | None) -> None:
        super().__init__("The label was moved in the meantime. Reload and try again.")
        self.current_version = current_version


class TooManyLabels(RegistryError):
    """The prompt carries as many labels as a prompt may carry."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"This prompt has reached the maximum of {limit} labels. Remove a label to add a new one.")


class TooManyWebhooks(RegistryError):
    """The project has as many webhooks as a project may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"This project has reached the maximum of {limit} webhooks. Remove a webhook to add a new one.")


class TooManyMembers(RegistryError):
    """The project has as many members as a project may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"This project has reached the maximum of {limit} members. Remove a member to add a new one.")


class EmailTaken(RegistryError):
    """A user with this e-mail address exists."""

    def __init__(self, email: str) -> None:
        super().__init__(f"A user with the e-mail address '{email}' already exists.")


class KeyExists(RegistryError):
    """A key with this ID already exists; its value is not stored."""

    def __init__(self) -> None:
        super().__init__("This key already exists. Its value is not shown again.")


class WebhookExists(RegistryError):
    """A webhook with this ID already exists; its secret is not shown again."""

    def __init__(self) -> None:
        super().__init__("This webhook already exists. Its secret is not shown again.")


class LastAdmin(RegistryError):
    """The change would leave a project without an active admin."""

    def __init__(self, email: str, project_id: int) -> None:
        super().__init__(f"'{email}' is the only admin of project {project_id}. Give the project another admin first.")


class SignInRefused(RegistryError):
    """No active user has this address and this password; the error does not say which of them is wrong."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or password is incorrect.")


class UnknownProjectToken(RegistryError):
    """No project has this token."""

    def __init__(self) -> None:
        super().__init__("Incorrect authentication credentials.")


class PermissionDenied(RegistryError):
    """The root of "you are known, but you may not"."""


class MissingScope(PermissionDenied):
    """The key was not given the scope that the request needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"API key missing required scope '{scope}'")


class KeyLimitedToOtherProjects(PermissionDenied):
    """The key is limited to projects, and this is not one of them."""

    def __init__(self, project_id: int) -> None:
        super().__init__(f"API key does not have access to the requested project: ID {project_id}.")


class BeyondOwnKey(PermissionDenied):
    """A key was to give away, or take away, what it does not have itself."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"API key may not do this, because it lacks the {kind}: {name}.")


class NotAMember(PermissionDenied):
    """The user has no role in the project."""

    def __init__(self) -> None:
        super().__init__("You don't have access to the project.")


class RoleTooLow(PermissionDenied):
    """The user's role in the project does not allow the action."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"You do not have {needed} access to this resource.")


class Unavailable(RegistryError):
    """The database cannot be reached or does not answer in time; nothing was changed.

    ``reason`` is what the driver said, for operators; clients are not to see it, since it may name hosts and users.
    """

    def __init__(self, detail: str = "The database is not available. Try again.", *, reason: str = "") -> None:
        super().__init__(detail)
        self.reason = reason

    @property
    def for_log(self) -> str:
        """Message of the driver, if any."""
        return self.reason or str(self)

    @property
    def for_operators(self) -> str:
        """The same as a sentence."""
        return f"The database is not available: {self.reason}." if self.reason else str(self)


class Busy(Unavailable):
    """The server has as much to do of one kind as it allows; nothing was changed."""

    def __init__(self, detail: str = "The server is busy. Try again later.") -> None:
        super().__init__(detail)


class Damaged(Unavailable):
    """The database's file is damaged, or no database at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database is damaged or not a database: {reason}.")


class SchemaMismatch(RegistryError):
    """The database's schema is not the one this version of Promptuary works with."""


class NotEmpty(RegistryError):
    """Something would overwrite data that is already there."""


class InvalidBackup(RegistryError):
    """A file is not a backup that this version of Promptuary can restore."""
