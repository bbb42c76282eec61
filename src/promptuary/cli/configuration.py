"""Settings of the environment, for commands that work on the server itself. Loads no database layer: `serve` needs none."""

from pydantic import ValidationError

from promptuary.model.errors import InvalidValue
from promptuary.settings import PREFIX, Settings


def read_settings() -> Settings:
    """Read the settings. Raises `InvalidValue` with a sentence that names the first bad one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"{PREFIX}{first['loc'][0]}".upper()
        message = f"The setting {name} is invalid: {first['msg'].removeprefix('Value error, ')}."
        raise InvalidValue("invalid_setting", message) from None
    except UnicodeDecodeError:
        message = "The file .env is not UTF-8 text."
        raise InvalidValue("invalid_setting", message) from None
