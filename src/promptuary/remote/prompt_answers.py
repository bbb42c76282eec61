"""The fields that the command line uses of prompts in answers, each with its check."""

from promptuary.remote import answers

ROW: answers.Shape = {
    "name": answers.prompt_name,
    "version": answers.version_number,
    "latest_version": answers.version_number,
    "version_description": answers.description,
    "created_at": answers.moment,
    "prompt_size_bytes": answers.count,
    "labels": answers.label_names,
    "all_labels": answers.pointers,
}
"""A row of a list without its content."""

FULL_ROW: answers.Shape = {**ROW, "prompt": answers.prompt_text, "config": answers.config}
"""A row of a list with its content."""

SUMMARY: answers.Shape = {
    "version": answers.version_number,
    "version_description": answers.description,
    "created_by": answers.author,
    "created_at": answers.moment,
    "labels": answers.label_names,
}
"""A line of a history."""

VERSION: answers.Shape = {
    **SUMMARY,
    "name": answers.prompt_name,
    "latest_version": answers.version_number,
    "prompt": answers.prompt_text,
    "config": answers.config,
}
"""A version in full."""

RESTORED: answers.Shape = {**VERSION, "former_labels": answers.pointers}
"""A prompt that was brought back."""

FETCHED: answers.Shape = {"name": answers.prompt_name, "version": answers.version_number}
"""A version as programs fetch it."""

WHOLE: answers.Shape = {**FETCHED, "prompt": answers.prompt_text, "config": answers.config, "created_at": answers.moment}
"""A version as programs fetch it, with all that the command line uses of it."""

REFERENCE: answers.Shape = {
    "name": answers.prompt_name,
    "version": answers.optional_number,
    "label": answers.optional_label,
    "resolved_version": answers.optional_number,
    "problem": answers.optional_text,
}
"""A reference of a version."""

DEPENDENT: answers.Shape = {
    "name": answers.prompt_name,
    "version": answers.version_number,
    "is_latest": answers.flag,
    "labels": answers.label_names,
    "reference": answers.selector,
    "occurrences": answers.count,
}
"""A version that refers to a prompt."""
