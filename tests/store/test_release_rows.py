"""Rules for the history of labels, protected labels and change requests, which a restore and a check know."""

import pytest
from builders import Registry, make_registry
from full_database import SECRET, fill
from sqlalchemy import insert, text

from promptuary.store import integrity_checks
from promptuary.store.engine.database import Database, rehearsing
from promptuary.store.tables import projects

NO_TYPE = "not of the type that belongs there"
NO_VERSION = "its prompt has no such version"
OTHER_PROJECT = "its prompt belongs to another project"
NOT_STORED = "reason is not in its stored form"
TOGETHER = "do not belong together"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE label_moves SET kind = 'direct'", f"kind and change_request_id {TOGETHER}"),
        ("UPDATE label_moves SET kind = 'change_request'", f"kind and change_request_id {TOGETHER}"),
        ("UPDATE label_moves SET label = 'Production'", "label: Use lowercase letters"),
        ("UPDATE label_moves SET label = ''", "from_version or to_version is missing"),
        ("UPDATE label_moves SET label = 'the text of a prompt'", "label: Use lowercase letters"),
        ("UPDATE label_moves SET release_id = ''", f"release_id: {NO_TYPE}"),
        ("UPDATE label_moves SET change_request_id = -1", f"change_request_id: {NO_TYPE}"),
        ("UPDATE label_moves SET reason = ' '", NOT_STORED),
        ("UPDATE label_moves SET reason = ' x'", NOT_STORED),
        ("UPDATE label_moves SET reason = printf('%.401c', 'x')", "reason: Ensure this field has no more than 400 characters"),
        ("UPDATE label_moves SET from_version = 0", "from_version or to_version is not between 1 and 2000"),
        ("UPDATE label_moves SET from_version = to_version", "from_version and to_version are the same"),
        ("UPDATE label_rules SET pattern = 'latest'", "pattern: Use the name of a label"),
        ("UPDATE label_rules SET approvals = 6", "approvals: Ask for 0 to 5 approvals"),
        ("UPDATE label_rules SET role = 'viewer'", "role: Viewers cannot move labels"),
        ("UPDATE label_rules SET role = 'root'", "role is none of editor and admin"),
        ("UPDATE change_requests SET title = ''", "title: This field may not be blank"),
        ("UPDATE change_requests SET title = printf('%.201c', 'x')", "title: Ensure this field has no more than 200 characters"),
        ("UPDATE change_requests SET description = printf('%.4001c', 'x')", "description: Ensure this field has no more than 4000"),
        ("UPDATE change_requests SET state = 'approved'", "state is none of open, merged and closed"),
        ("UPDATE change_requests SET state = 'open'", f"state and ended_at {TOGETHER}"),
        ("UPDATE change_requests SET ended_at = NULL", f"state and ended_at {TOGETHER}"),
        ("UPDATE change_requests SET state = 'open', ended_at = NULL", f"state and ended_by_id {TOGETHER}"),
        ("UPDATE change_requests SET revision = 0", "revision is less than 1"),
        ("UPDATE change_request_moves SET to_version = from_version", "from_version and to_version are the same"),
        ("UPDATE change_request_moves SET from_version = -1", "from_version or to_version is not between 1 and 2000"),
        ("UPDATE change_request_moves SET label = 'latest'", "label: 'latest' is a reserved label"),
        ("UPDATE change_request_approvals SET revision = 0", "revision is less than 1"),
        ("UPDATE change_request_comments SET text = ' '", "text: This field may not be blank"),
        ("UPDATE change_request_comments SET text = printf('%.4001c', 'x')", "text: Ensure this field has no more than 4000"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_with_the_rule(full: Database, damage: str, problem: str) -> None:
    with full.write() as tx, rehearsing(tx):
        tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
        tx.connection.exec_driver_sql(damage)
        tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")
        found = str(integrity_checks.find_problem(tx))
    assert problem in found
    assert SECRET not in found
    # A restore ends the sentence.
    assert not found.endswith(".")


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A database in use; the damage that tests do to it is undone."""
    registry = make_registry(module_database)
    fill(registry)
    return registry


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE label_moves SET to_version = 3", NO_VERSION),
        ("UPDATE label_moves SET from_version = 3", NO_VERSION),
        ("UPDATE change_request_moves SET to_version = 3", NO_VERSION),
        ("UPDATE change_request_moves SET from_version = 3", NO_VERSION),
        ("UPDATE change_request_approvals SET revision = 2", "its request has no such revision"),
        ("UPDATE prompt_periods SET project_id = 99", OTHER_PROJECT),
        ("UPDATE change_requests SET project_id = 99", OTHER_PROJECT),
    ],
)
def test_a_row_that_does_not_match_those_it_belongs_to_is_found(filled: Registry, damage: str, problem: str) -> None:
    with filled.database.write() as tx, rehearsing(tx):
        project = {"id": 99, "name": "other", "api_token": "phc_other", "created_at": tx.clock()}
        tx.connection.execute(insert(projects).values(project))
        tx.connection.execute(text(damage))
        found = " ".join(integrity_checks.list_problems(tx))
    assert problem in found
    assert SECRET not in found


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            """
            INSERT INTO label_rules (project_id, pattern, role, approvals, allows_own_approval, breaking_needs_admin, created_at)
            SELECT project_id, 'x' || i, role, 1, allows_own_approval, breaking_needs_admin, created_at FROM label_rules, numbers
            """,
            "it has more than 50 rules for labels",
        ),
        (
            """
            INSERT INTO change_request_moves (request_id, prompt_id, label, from_version, to_version)
            SELECT request_id, prompt_id, 'x' || i, 1, 2 FROM change_request_moves, numbers
            """,
            "it has more than 500 moves",
        ),
        (
            """
            INSERT INTO change_request_comments (request_id, text, created_at)
            SELECT request_id, text, created_at FROM change_request_comments, numbers
            """,
            "it has more than 500 comments",
        ),
    ],
)
def test_more_rows_than_there_may_be_are_found(filled: Registry, damage: str, problem: str) -> None:
    numbers = "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 500) SELECT i FROM numbers"
    with filled.database.write() as tx, rehearsing(tx):
        tx.connection.execute(text(f"CREATE TEMPORARY TABLE numbers AS {numbers}"))
        tx.connection.execute(text(damage))
        assert problem in " ".join(integrity_checks.list_problems(tx))
