"""URLs of PostgreSQL mean what they mean to libpq, to the pool and to the connection that hears of changes alike."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from promptuary.model.errors import InvalidValue
from promptuary.store.engine.database import Database
from promptuary.store.engine.dialect import connection_text, parse_url

TWO = {"user": "u", "dbname": "db", "host": "host1,host2", "port": "5432,5433", "target_session_attrs": "read-write"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u@host1:5432,host2:5433/db?target_session_attrs=read-write", TWO),
        ("postgres://u@host1:5432,host2:5433/db?target_session_attrs=read-write", TWO),
        ("postgresql+psycopg://u@/db?host=host1:5432&host=host2:5433&target_session_attrs=read-write", TWO),
        ("postgresql://u@host1:5432,host2/db", {"user": "u", "dbname": "db", "host": "host1,host2", "port": "5432,"}),
        ("postgresql://u@[::1]:5432,[::2]:5433/db", {"user": "u", "dbname": "db", "host": "::1,::2", "port": "5432,5433"}),
        ("postgresql://u@[::1]/db", {"user": "u", "dbname": "db", "host": "::1"}),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/db", {"dbname": "db", "host": "/var/run/postgresql"}),
        ("postgresql:///db?host=/var/run/postgresql", {"dbname": "db", "host": "/var/run/postgresql"}),
        ("postgresql:///?service=prompts&passfile=/etc/pass", {"service": "prompts", "passfile": "/etc/pass"}),
        ("postgresql://u:p%40ss%2C@h/db?sslmode=require", {"user": "u", "password": "p@ss,", "host": "h", "dbname": "db"}),
        ("postgresql://h/db?options=-c%20work_mem%3D1MB", {"host": "h", "dbname": "db", "options": "-c work_mem=1MB"}),
    ],
)
def test_a_url_means_what_it_means_to_libpq(url: str, expected: dict[str, str]) -> None:
    assert expected.items() <= conninfo_to_dict(connection_text(parse_url(url))).items()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@host1:5432,host2:54x2/db",
        "postgresql://u:secret@host1:5432,host2:5433/db?no_such_option=1",
        "postgresql://u:secret@[::1,host/db",
    ],
)
def test_a_url_that_libpq_does_not_know_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_url(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@h1:1,h2:2/db?sslpassword=secret", "postgresql://u:secret@h/db?password=secret"]
)
def test_where_the_data_is_is_shown_without_a_password(url: str) -> None:
    database = Database.open(url)
    assert "secret" not in f"{database.address} {database!r}"
    database.close()
