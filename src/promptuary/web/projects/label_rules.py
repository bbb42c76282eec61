"""Rules that protect the labels of a project: what they mean, and for admins the forms that change them."""

from collections.abc import Sequence

from starlette.responses import Response

from promptuary.model.access import Permission, Role
from promptuary.model.errors import InvalidValue
from promptuary.model.label_rules import MAX_APPROVALS, LabelRule
from promptuary.model.release_errors import RuleExists
from promptuary.registry import label_rules, lists
from promptuary.web.form_errors import FormProblem
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.projects.rule_sentences import describe_changes, explain
from promptuary.web.routing import page

MAX_LABELS = 200
"""Maximum labels in use that rules are explained with."""

CHANGED = "rule"
"""Field of the problem of a form whose rule was changed since the page was shown."""

ROLES = ((Role.EDITOR, "Editors and admins"), (Role.ADMIN, "Admins"))


def show_rules(request: PageRequest) -> Response:
    """Show what protects labels, to admins also the forms that change it."""
    return _rules(request)


def add_rule(request: PageRequest) -> Response:
    """Protect labels."""
    actor, form = request.enter(Permission.MANAGE), request.form
    pattern = form.get("pattern").strip()
    try:
        with request.database.write() as tx:
            label_rules.add_rule(
                tx,
                actor,
                pattern=pattern,
                role=_role(form),
                approvals=_approvals(form),
                allows_own_approval=bool(form.get("allows_own_approval")),
                breaking_needs_admin=bool(form.get("breaking_needs_admin")),
            )
    except (InvalidValue, RuleExists) as error:
        return _rules(request, problem=_problem_of(error))
    return request.redirect(request.links.label_rules(), notice=f"{pattern} is protected.")


def change_rule(request: PageRequest) -> Response:
    """Change what a rule asks."""
    actor, form = request.enter(Permission.MANAGE), request.form
    rule_id = positive_int(form.get("rule")) or 0
    try:
        with request.database.write() as tx:
            rule = label_rules.change_rule(
                tx,
                actor,
                rule_id=rule_id,
                role=_role(form),
                approvals=_approvals(form),
                allows_own_approval=bool(form.get("allows_own_approval")),
                breaking_needs_admin=bool(form.get("breaking_needs_admin")),
                expected=_rule_seen(form),
            )
    except InvalidValue as error:
        return _rules(request, problem=_problem_of(error), changed=rule_id)
    return request.redirect(request.links.label_rules(), notice=f"The rule for {rule.pattern} is saved.")


def remove_rule(request: PageRequest) -> Response:
    """Protect labels no longer."""
    actor = request.enter(Permission.MANAGE)
    rule_id = positive_int(request.form.get("rule")) or 0
    try:
        with request.database.write() as tx:
            rule = label_rules.remove_rule(tx, actor, rule_id=rule_id, expected=_rule_seen(request.form))
    except InvalidValue as error:
        return _rules(request, problem=_problem_of(error), removed=rule_id)
    return request.redirect(request.links.label_rules(), notice=f"The rule for {rule.pattern} is removed.")


def _rules(
    request: PageRequest, *, problem: FormProblem | None = None, changed: int | None = None, removed: int | None = None
) -> Response:
    """Return the page; after a problem in the form that changes a rule, or in the one that removes it, with that form open."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        found = label_rules.list_rules(tx, actor)
        people = label_rules.count_people(tx, actor)
        labels = lists.list_label_names(tx, actor, limit=MAX_LABELS)
    return request.page(
        "label-rules.html",
        200 if problem is None else 409 if problem.field == CHANGED else 400,
        rules=[explain(rule, people, labels) for rule in found],
        roles=ROLES,
        max_approvals=MAX_APPROVALS,
        problem=problem,
        changed=changed,
        removed=removed,
        changes=_changes(request, found) if problem is not None and problem.field == CHANGED else [],
        typed=request.form,
    )


def _changes(request: PageRequest, found: Sequence[LabelRule]) -> list[str]:
    """Return how the rule of a form differs from the one that the page showed."""
    seen = _rule_seen(request.form)
    return [change for rule in found if seen is not None and rule.id == seen.id for change in describe_changes(seen, rule)]


def _rule_seen(form: Form) -> LabelRule | None:
    """Return the rule that the page showed, `None` if the form does not tell. Raises `InvalidValue`."""
    if "seen" not in form.values:
        return None
    try:
        role, approvals, own, breaking, pattern = form.get("seen").split(" ", 4)
        return LabelRule(positive_int(form.get("rule")) or 0, pattern, Role(role), int(approvals), own == "1", breaking == "1")
    except ValueError:
        raise InvalidValue("invalid", "This form is malformed. Load the page again.") from None


def _role(form: Form) -> Role:
    try:
        return Role(form.get("role"))
    except ValueError:
        raise InvalidValue("invalid_choice", "Choose editors or admins.", field="role") from None


def _approvals(form: Form) -> int:
    sent = form.get("approvals")
    if sent == "0":
        return 0
    number = positive_int(sent)
    if number is None:
        raise InvalidValue("invalid", f"Ask for 0 to {MAX_APPROVALS} approvals.", field="approvals")
    return number


def _problem_of(error: InvalidValue | RuleExists) -> FormProblem:
    field = (error.field or "") if isinstance(error, InvalidValue) else "pattern"
    return FormProblem(str(error), field)


ROUTES = [
    page("/projects/{project_id}/settings/labels/", get=show_rules, post=add_rule),
    page("/projects/{project_id}/settings/change-rule", post=change_rule),
    page("/projects/{project_id}/settings/remove-rule", post=remove_rule),
]
