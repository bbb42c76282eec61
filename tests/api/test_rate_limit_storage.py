import pytest
from builders import Registry, make_api
from pydantic import ValidationError

from promptuary.settings import Settings


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_requests_are_served_uncounted_while_the_storage_of_rate_limits_is_down(registry: Registry) -> None:
    with make_api(registry, rate_limit_storage="redis://127.0.0.1:1", rate_limit_reads="1/minute") as api:
        statuses = [api.client.get(api.path).status_code for _ in range(3)]
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(("setting", "value"), [("rate_limit_storage", "nowhere://"), ("rate_limit_writes", "often")])
def test_a_rate_limit_that_cannot_be_read_is_refused_at_the_start(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=setting):
        Settings(_env_file=None, **{setting: value})  # type: ignore[call-arg, arg-type]
