"""The addresses of the pages of change requests."""

from promptuary.web.requests import acting, editing, proposing, request_list, request_page
from promptuary.web.routing import page

_PROJECT = "/projects/{project_id}"
_REQUEST = f"{_PROJECT}/requests/{{request_id}}"

ROUTES = [
    page(f"{_PROJECT}/requests/", get=request_list.show_requests),
    page(f"{_PROJECT}/new-request/", get=proposing.show_new_request, post=proposing.open_request, is_heavy=True),
    page(f"{_REQUEST}/", get=request_page.show_request, is_heavy=True),
    page(f"{_REQUEST}/edit/", get=editing.show_editing, post=editing.change_request, is_heavy=True),
    page(f"{_REQUEST}/approve/", post=acting.approve, is_heavy=True),
    page(f"{_REQUEST}/take-back/", post=acting.take_back, is_heavy=True),
    page(f"{_REQUEST}/merge/", post=acting.merge, is_heavy=True),
    page(f"{_REQUEST}/refresh/", post=acting.refresh, is_heavy=True),
    page(f"{_REQUEST}/close/", post=acting.close, is_heavy=True),
    page(f"{_REQUEST}/comment/", post=acting.comment, is_heavy=True),
]
"""Every page of change requests."""
