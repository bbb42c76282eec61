"""Authors that an import brought and that have no account here: name and address are kept with what they wrote."""

from sqlalchemy import Table, bindparam, delete, exists, select, update

from promptuary.model.changes import OPERATOR, NewChange
from promptuary.model.changes.payloads import UserChanged, UserFacts
from promptuary.store import changes
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import keys, labels, list_entries, members, users, versions


def record_former_accounts(tx: Transaction) -> None:
    """Turn the disabled accounts that imports once made for authors into recorded authors, so that their addresses are free.

    Only an import makes an account that is disabled, has neither password, key nor project, and is nevertheless an author.
    """
    unused = ~exists().where(members.c.user_id == users.c.id) & ~exists().where(keys.c.user_id == users.c.id)
    statement = select(users.c.id, users.c.email, users.c.first_name, users.c.last_name)
    candidates = statement.where(~users.c.is_active, users.c.password_hash.is_(None), unused).order_by(users.c.id)
    found = {row.id: row for row in tx.connection.execute(candidates)}
    if not found:
        return
    former = _record(tx, versions, found) | _record(tx, labels, found)
    tx.connection.execute(update(list_entries).where(list_entries.c.created_by_id.in_(former)).values(created_by_id=None))
    tx.connection.execute(delete(users).where(users.c.id.in_(former)))
    if former:
        accounts = [UserFacts(user_id, found[user_id].email) for user_id in sorted(former)]
        # Servers that run meanwhile forget the answers that name these accounts.
        changes.append_changes(tx, [NewChange(UserChanged(account, None)) for account in accounts], OPERATOR)


def _record(tx: Transaction, table: Table, accounts: dict[int, AnyRow]) -> set[int]:
    """Write the authors down in one pass over a table; return which accounts were authors there."""
    rows = tx.connection.execute(select(table.c.id, table.c.created_by_id).where(table.c.created_by_id.in_(accounts))).all()
    statement = (
        update(table).where(table.c.id == bindparam("row_id")).values(created_by_id=None, recorded_author=bindparam("author"))
    )
    authors = {
        user_id: {"email": row.email, "first_name": row.first_name, "last_name": row.last_name} for user_id, row in accounts.items()
    }
    if rows:
        tx.connection.execute(statement, [{"row_id": row.id, "author": authors[row.created_by_id]} for row in rows])
    return {row.created_by_id for row in rows}
