"""Types of single values in answers."""

from typing import Annotated

from pydantic import Field

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Identifier = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
PositiveInteger = Annotated[int, Field(ge=1)]
