"""Texts that several prompts of the demo share, and a prompt that is made of them."""

from promptuary.registry.demo.history import DemoPrompt, First, Next, text

TONE_OF_VOICE = DemoPrompt(
    name="tone-of-voice",
    first=First(
        prompt=text("""
            Write as a helpful colleague would: short sentences, plain words, no exclamation marks.
        """),
        note="The tone for everything that customers read",
        labels=("production",),
    ),
    following=(
        Next(
            note="Name the company the same way everywhere",
            edits=(("no exclamation marks.", "no exclamation marks. Call the company {{company}}, never 'we' or 'us'."),),
            labels=("staging",),
        ),
    ),
)

SAFETY_RULES = DemoPrompt(
    name="safety-rules",
    first=First(
        prompt=text("""
            - Never ask for passwords, card numbers or identity documents.
            - Never give legal, medical or financial advice. Say who can.
            - If somebody may be in danger, give the emergency number first.
        """),
        note="Rules of the legal team",
        labels=("production",),
    ),
)

COMPLAINT_REPLY = DemoPrompt(
    name="complaint-reply",
    first=First(
        prompt=text("""
            # Role

            You answer complaints of customers of {{company}}.
            @@@prompt:name=tone-of-voice|label=production@@@

            # Complaint

            {{message}}
        """),
        note="Answer complaints in the shared tone",
        config={"model": "large-model", "temperature": 0.3},
    ),
    following=(
        Next(
            note="Add the safety rules",
            edits=(("# Complaint", "# Rules\n\n@@@prompt:name=safety-rules|label=production@@@\n\n# Complaint"),),
            labels=("production",),
        ),
    ),
)
