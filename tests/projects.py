"""Projects that are hard to carry: everything that a prompt, a version or a label may be."""

from builders import make_user, writing_in_turn
from hypothesis import strategies as st

from promptuary.model.access import Actor, operator
from promptuary.model.accounts import Project, User
from promptuary.registry import archived, labels, prompts
from promptuary.store.engine.database import Database

NASTY_TEXTS = [
    "NUL \0 inside",
    "\u2028\u2029\x85 line\r\nends\n",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "\ufeff",
    "",
]
NASTY_VALUES = [
    *NASTY_TEXTS,
    0,
    False,
    [],
    {},
    -0.0,
    1e300,
    10**200,
    {"b": {"a": [1, None, "\0"]}, "a": "ß"},
    '{"looks": "like JSON"}',
]
CONFIG = {"temperature": 0.1, "z": None, "a": [10**30, "\u0000", {"deep": [[[[]]]]}]}

json_values = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children, max_size=3)
    ),
    max_leaves=8,
)


def deep(levels: int) -> object:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    return value


def fill(database: Database, project: Project, values: list[object], *, user: User) -> Actor:
    """Fill a project: active, archived and restored prompts, moved and removed labels, several authors and none."""
    actor = operator(project.id)
    with writing_in_turn(database) as tx:
        by_user = Actor(project.id, role=actor.role, scopes=actor.scopes, user_id=user.id)
        other = make_user(tx, email=f"ünï+{project.id}@example.com")
        by_other = Actor(project.id, role=actor.role, scopes=actor.scopes, user_id=other.id)
        for generation in range(3):
            prompts.create_prompt(tx, by_other, name="again", prompt=f"generation {generation}")
            prompts.archive_prompt(tx, by_user, name="again")
        archived.restore_prompt(tx, by_user, name="again")
        prompts.create_prompt(tx, actor, name="a", prompt=deep(200), config=CONFIG, description="  a note \u0085")
        prompts.create_prompt(tx, by_user, name="Z_-9", prompt=values[0])
        for number, value in enumerate(values, start=1):
            config = CONFIG if number % 2 else None
            prompts.publish_version(
                tx, (by_user, by_other, actor)[number % 3], name="Z_-9", base_version=number, prompt=value, config=config
            )
        for label in ("production", "staging", "a.b-c", "gone"):
            labels.move_label(tx, by_user, name="Z_-9", label=label, version=1)
        labels.move_label(tx, by_other, name="Z_-9", label="staging", version=len(values))
        labels.remove_label(tx, by_other, name="Z_-9", label="gone")
        labels.move_label(tx, actor, name="a", label="production", version=1)
    return actor


def fill_with_many(database: Database, project: Project, *, prompt_count: int, versions: int, text: str = "Be brief. ") -> None:
    """Fill a project with plain prompts, each with some versions and a label."""
    actor = operator(project.id)
    with writing_in_turn(database) as tx:
        for number in range(prompt_count):
            name = f"prompt-{number:05}"
            prompts.create_prompt(tx, actor, name=name, prompt=f"{text}{number}")
            for base in range(1, versions):
                prompts.publish_version(tx, actor, name=name, base_version=base, prompt=f"{text}{number} {base}")
            labels.move_label(tx, actor, name=name, label="production", version=1)
