"""The addresses of a project's pages."""

from promptuary.web.prompts import (
    activity,
    archive,
    comparing,
    detail,
    duplicating,
    editing,
    labels,
    past,
    prompt_list,
    references,
    releases,
    usage,
)
from promptuary.web.routing import page

_PROJECT = "/projects/{project_id}"
_PROMPT = f"{_PROJECT}/prompts/{{name}}"

ROUTES = [
    page(f"{_PROJECT}/prompts/", get=prompt_list.show_prompts),
    page(f"{_PROJECT}/new-prompt/", get=editing.show_new_prompt, post=editing.create_prompt),
    page(f"{_PROJECT}/archive/", get=archive.show_archive),
    page(f"{_PROJECT}/archive/{{version_id}}/", get=archive.show_archived),
    page(f"{_PROJECT}/references/", get=references.show_choices),
    page(f"{_PROJECT}/activity/", get=activity.show_project_activity),
    page(f"{_PROJECT}/release/", get=releases.show_release_page, post=releases.release, is_heavy=True),
    page(f"{_PROJECT}/release/{{release_id}}/", get=releases.show_one),
    page(f"{_PROJECT}/release/{{release_id}}/undo/", get=releases.review_undo, post=releases.undo, is_heavy=True),
    page(f"{_PROMPT}/", get=detail.show_prompt),
    page(f"{_PROMPT}/text/", get=detail.show_plain),
    page(f"{_PROMPT}/history/", get=detail.show_history),
    page(f"{_PROMPT}/at/", get=past.show_past),
    page(f"{_PROMPT}/edit/", get=editing.show_editing, post=editing.edit_again),
    page(f"{_PROMPT}/review/", get=editing.begin_again, post=editing.review_publishing, is_heavy=True),
    page(f"{_PROMPT}/publish/", get=editing.begin_again, post=editing.publish_version, is_heavy=True),
    page(f"{_PROMPT}/merge/", get=editing.begin_again, post=editing.merge_versions, is_heavy=True),
    page(f"{_PROMPT}/restore/", get=editing.review_restoring, is_heavy=True),
    page(f"{_PROMPT}/compare/", get=comparing.show_comparison, is_heavy=True),
    page(f"{_PROMPT}/labels/", get=labels.show_labels),
    page(f"{_PROMPT}/labels/set/", get=labels.review_label, post=labels.move_label, is_heavy=True),
    page(f"{_PROMPT}/labels/remove/", get=labels.review_removal, post=labels.remove_label),
    page(f"{_PROMPT}/labels/undo/", get=labels.review_undo, post=labels.undo_move, is_heavy=True),
    page(f"{_PROMPT}/labels/history/", get=labels.show_history),
    page(f"{_PROMPT}/duplicate/", get=duplicating.show_duplication, post=duplicating.duplicate_prompt),
    page(f"{_PROMPT}/archive/", get=archive.review_archiving, post=archive.archive_prompt),
    page(f"{_PROMPT}/unarchive/", post=archive.restore_prompt),
    page(f"{_PROMPT}/use/", get=usage.show_use),
    page(f"{_PROMPT}/usage/", get=usage.show_usage),
    page(f"{_PROMPT}/dependents/", get=references.show_dependents),
    page(f"{_PROMPT}/activity/", get=activity.show_prompt_activity),
]
"""Every page of a project and its prompts."""
