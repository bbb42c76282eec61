"""What looks like a variable and is none: commands that write, and `verify`, point it out and do their work nevertheless."""

from cli_harness import RemoteCli

WARNINGS = [
    "  Text, although it looks like a variable: {{#if paid}}",
    "  A variable that the posthog package leaves as it is: {{ name }}",
]


def test_commands_that_write_point_out_what_is_no_variable(cli: RemoteCli) -> None:
    created = cli.run("prompt", "create", "made", stdin=b"{{#if paid}} {{ name }} {{town}}")
    assert (created.returncode, created.stdout) == (0, "Version 1 of made is created.\n")
    assert created.stderr.splitlines() == ["Warning: look at the variables of made:", *WARNINGS]
    published = cli.run("prompt", "publish", "made", "--base-version", "1", stdin=b"{{ name }}")
    assert published.stderr.splitlines() == ["Warning: look at the variables of made:", WARNINGS[1]]
    assert cli.run("prompt", "publish", "made", "--base-version", "2", stdin=b"{{name}}").stderr == ""


def test_verify_and_push_point_it_out(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}")
    cli.run("pull")
    path = cli.folder / "prompts" / "greeting.md"
    path.write_text(path.read_text().replace("Hello {{name}}", "{{#if paid}} {{ name }}"))
    pushed = cli.run("push")
    assert (pushed.returncode, pushed.stderr.splitlines()) == (0, ["Warning: look at the variables of greeting:", *WARNINGS])
    verified = cli.run("verify")
    assert (verified.returncode, verified.stdout) == (0, "1 prompt: all files match the lock file.\n")
    assert verified.stderr.splitlines() == ["Warning: look at the variables of prompts/greeting.md:", *WARNINGS]
