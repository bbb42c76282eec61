"""Groups with a default command: ``promptuary label NAME LABEL`` is ``promptuary label set NAME LABEL``."""

from typing import Any, ClassVar

from typer.core import TyperGroup


class DefaultCommandGroup(TyperGroup):
    """A group that runs its default command if the first argument is the name of none of its commands."""

    default: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer keeps the type to itself
        """Name the default command in front of arguments that name none."""
        is_for_group = args[0] in {*self.commands, "-h", "--help"} if args else self.no_args_is_help
        return super().parse_args(ctx, args if is_for_group else [self.default, *args])
