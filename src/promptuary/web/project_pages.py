"""The addresses of a project's pages."""

from promptuary.web import activity, archive, comparing, labelling, prompt, prompts, using, writing
from promptuary.web.routing import page

_PROJECT = "/projects/{project_id}"
_PROMPT = f"{_PROJECT}/prompts/{{name}}"

ROUTES = [
    page(f"{_PROJECT}/prompts/", get=prompts.show_prompts),
    page(f"{_PROJECT}/new-prompt/", get=writing.show_new_prompt, post=writing.create_prompt),
    page(f"{_PROJECT}/archive/", get=archive.show_archive),
    page(f"{_PROJECT}/archive/{{version_id}}/", get=archive.show_archived),
    page(f"{_PROJECT}/activity/", get=activity.show_project_activity),
    page(f"{_PROMPT}/", get=prompt.show_prompt),
    page(f"{_PROMPT}/text/", get=prompt.show_plain),
    page(f"{_PROMPT}/history/", get=prompt.show_history),
    page(f"{_PROMPT}/edit/", get=writing.show_editing, post=writing.edit_again),
    page(f"{_PROMPT}/review/", get=writing.begin_again, post=writing.review_publishing, is_heavy=True),
    page(f"{_PROMPT}/publish/", get=writing.begin_again, post=writing.publish_version, is_heavy=True),
    page(f"{_PROMPT}/merge/", get=writing.begin_again, post=writing.merge_versions, is_heavy=True),
    page(f"{_PROMPT}/restore/", get=writing.review_restoring, is_heavy=True),
    page(f"{_PROMPT}/compare/", get=comparing.show_comparison, is_heavy=True),
    page(f"{_PROMPT}/labels/", get=labelling.show_labels),
    page(f"{_PROMPT}/labels/set/", get=labelling.review_label, post=labelling.move_label, is_heavy=True),
    page(f"{_PROMPT}/labels/remove/", get=labelling.review_removal, post=labelling.remove_label),
    page(f"{_PROMPT}/duplicate/", get=archive.show_duplication, post=archive.duplicate_prompt),
    page(f"{_PROMPT}/archive/", get=archive.review_archiving, post=archive.archive_prompt),
    page(f"{_PROMPT}/unarchive/", post=archive.restore_prompt),
    page(f"{_PROMPT}/use/", get=using.show_use),
    page(f"{_PROMPT}/usage/", get=using.show_usage),
    page(f"{_PROMPT}/activity/", get=activity.show_prompt_activity),
]
"""Every page of a project and its prompts."""
