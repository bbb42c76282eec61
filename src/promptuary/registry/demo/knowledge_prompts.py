"""Prompts that work on texts and data: answers from documents, SQL, summaries, translations."""

from promptuary.registry.demo.history import DemoPrompt, First, Next, text

RAG_ANSWER = DemoPrompt(
    name="rag-answer",
    first=First(
        prompt=text("""
            Answer the question with the help of the documents.

            Documents:
            {{documents}}

            Question: {{question}}
        """),
        note="Baseline",
        config={"model": "large-model", "temperature": 0.2},
    ),
    following=(
        Next(
            note="Do not answer from memory",
            edits=(
                (
                    "Answer the question with the help of the documents.",
                    "Answer the question with the help of the documents only. If they do not hold the answer, say so.",
                ),
            ),
            labels=("production",),
        ),
        Next(
            note="Cite sources",
            edits=(("Documents:\n", "Put the number of the document behind each statement, like this: [2].\n\nDocuments:\n"),),
        ),
        Next(
            note="Headings, to separate the parts",
            edits=(
                ("Answer the question with the help", "# Task\n\nAnswer the question with the help"),
                ("Put the number", "# Sources\n\nPut the number"),
                ("Documents:\n", "# Documents\n\n"),
                ("Question: {{question}}", "# Question\n\n{{question}}"),
            ),
            labels=("staging", "production"),
            reason="Answers mix up documents and question less often",
        ),
        Next(
            note="Documents may contradict each other",
            edits=(
                (
                    "like this: [2].",
                    "like this: [2].\n\nWhere two documents disagree, give both statements and the dates of the documents.",
                ),
            ),
            labels=("staging",),
        ),
        Next(
            note="Shorter answers, details on request",
            edits=(
                (
                    "If they do not hold the answer, say so.",
                    "If they do not hold the answer, say so.\n\nThree sentences at most. Offer more where the documents have more.",
                ),
            ),
            config={"model": "large-model", "temperature": 0.1, "max_tokens": 300},
            labels=("canary",),
        ),
    ),
)

SQL_GENERATOR = DemoPrompt(
    name="sql-generator",
    first=First(
        prompt=text("""
            # Task

            Write one {{dialect}} query that answers the question. Answer with the SQL only.

            # Schema

            ```sql
            {{schema}}
            ```

            # Question

            {{question}}
        """),
        note="Query from schema and question",
        config={"model": "code-model", "temperature": 0},
    ),
    following=(
        Next(
            note="Only ever read",
            edits=(
                (
                    "# Schema",
                    (
                        "# Rules\n\n- SELECT only, never a statement that changes something.\n"
                        "- LIMIT {{max_rows}} unless the question asks for a number.\n\n# Schema"
                    ),
                ),
            ),
            labels=("production",),
        ),
        Next(
            note="Ask back in place of guessing a column",
            edits=(
                (
                    "Answer with the SQL only.",
                    "Answer with the SQL only, or with one question that begins with ASK: when the schema leaves it open.",
                ),
            ),
            labels=("staging", "production"),
        ),
        Next(
            note="Say that times are in UTC",
            edits=(
                (
                    "# Schema",
                    '- Columns that end in _at are in UTC. "Today" is the day in {{timezone}}.\n\n# Schema',
                ),
            ),
            labels=("staging",),
        ),
    ),
)

MEETING_SUMMARY = DemoPrompt(
    name="meeting-summary",
    first=First(
        prompt=text("""
            Summarise this meeting in five bullet points.

            {{transcript}}
        """),
        note="Five bullet points",
        config={"model": "small-model", "temperature": 0.4},
    ),
    following=(
        Next(
            note="People want decisions and tasks, not a retelling",
            edits=(
                (
                    "Summarise this meeting in five bullet points.",
                    (
                        "Write the minutes of this meeting, which was held on {{date}}.\n\n"
                        "# Decisions\n\nOne line each.\n\n"
                        '# Tasks\n\nWho does what by when. Write "nobody yet" where nobody took it.\n\n'
                        "# Open questions\n\nOnly those that were left open.\n\n"
                        "# Transcript"
                    ),
                ),
            ),
            labels=("production",),
        ),
        Next(
            note="Leave private talk out",
            edits=(("# Transcript", "Leave out talk about persons, health and private plans.\n\n# Transcript"),),
            labels=("production",),
        ),
    ),
)

TRANSLATION = DemoPrompt(
    name="translate-interface-text",
    first=First(
        prompt=text("""
            Translate this text of a user interface from {{source_language}} into {{target_language}}.

            Keep placeholders such as %s and {count} as they are. Do not make it longer than {{max_characters}} characters.

            Where it is used: {{context}}

            Text: {{text}}
        """),
        note="Short texts with placeholders",
        config={"model": "small-model", "temperature": 0},
        labels=("production",),
    ),
    following=(
        Next(
            note="Use our own words for our own things",
            edits=(
                (
                    "Where it is used:",
                    "Use these translations of our terms, also when they are inflected:\n{{glossary}}\n\nWhere it is used:",
                ),
            ),
            labels=("staging",),
        ),
    ),
)
