"""A key goes to the server that it is for, whatever a file in the repository says."""

from pathlib import Path

import pytest

from promptuary.remote import Profile, RemoteError, read_profile_for
from promptuary.remote.profiles import write_profile

HOST = "https://prompts.example.com"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("HOST", "API_KEY", "PROJECT", "PROFILE"):
        monkeypatch.delenv(f"PROMPTUARY_{name}", raising=False)


def _refusal(host: str = HOST, **options: str) -> str:
    with pytest.raises(RemoteError) as refused:
        read_profile_for(host, "1", **options)
    assert "phx_" not in str(refused.value)
    return str(refused.value)


def test_a_key_of_the_environment_needs_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTUARY_API_KEY", "phx_a")
    assert _refusal() == (
        f"Set PROMPTUARY_HOST together with PROMPTUARY_API_KEY: it says which server the key is for. Here it would be {HOST}."
    )
    monkeypatch.setenv("PROMPTUARY_HOST", "HTTPS://PROMPTS.example.com:443/")
    assert read_profile_for(HOST, "1").api_key == "phx_a"
    assert _refusal("https://prompts.example.com.evil.example").startswith("PROMPTUARY_API_KEY is for ")
    assert _refusal("http://prompts.example.com").endswith("so it is not sent to http://prompts.example.com.")
    assert _refusal("https://prompts.example.com:444").startswith("PROMPTUARY_API_KEY is for ")
    assert _refusal("https://prompts.example.com/other").startswith("PROMPTUARY_API_KEY is for ")
    monkeypatch.setenv("PROMPTUARY_PROJECT", "2")
    assert _refusal() == f"PROMPTUARY_PROJECT is 2, and this is project 1 of {HOST}."
    monkeypatch.delenv("PROMPTUARY_API_KEY")
    assert _refusal() == "The environment has PROMPTUARY_HOST, but no PROMPTUARY_API_KEY."


def test_a_profile_is_chosen_by_its_host_and_its_project(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _refusal() == (
        f"There is no key for {HOST}. Run promptuary login --host {HOST} --project 1. "
        "Or set PROMPTUARY_HOST and PROMPTUARY_API_KEY."
    )
    write_profile("elsewhere", Profile("https://other.example", "phx_other", "1"))
    assert _refusal().startswith("There is no key for ")
    write_profile("seven", Profile(HOST, "phx_seven", "7"))
    assert read_profile_for(HOST, "1") == Profile(HOST, "phx_seven", "1")
    write_profile("one", Profile(f"{HOST}/", "phx_one", "1"))
    assert read_profile_for(HOST, "1").api_key == "phx_one"
    write_profile("another", Profile(HOST, "phx_another", "1"))
    assert _refusal() == f"Several profiles are for {HOST}: another, one. Choose one with --profile."
    assert read_profile_for(HOST, "1", suggested="another").api_key == "phx_another"
    assert read_profile_for(HOST, "1", name="seven", suggested="another").api_key == "phx_seven"
    assert (
        _refusal(suggested="elsewhere")
        == f"The profile 'elsewhere' is for https://other.example, so its key is not sent to {HOST}."
    )
    assert _refusal(name="missing").startswith("No profile is named 'missing' in ")
    monkeypatch.setenv("PROMPTUARY_PROFILE", "elsewhere")
    assert _refusal().startswith("The profile 'elsewhere' is for ")
    # The environment's key comes before profiles, and a named profile before it.
    monkeypatch.delenv("PROMPTUARY_PROFILE")
    monkeypatch.setenv("PROMPTUARY_HOST", "https://other.example")
    monkeypatch.setenv("PROMPTUARY_API_KEY", "phx_environment")
    assert _refusal().startswith("PROMPTUARY_API_KEY is for https://other.example")
    assert read_profile_for(HOST, "1", name="one").api_key == "phx_one"
