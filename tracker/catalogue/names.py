"""Names of services that the catalogue has dropped: a small table, each name with its source."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def retired_service_names() -> "Mapping[str, str]":
    """Prefix in lower case -> name, from service-names.toml beside this file."""
    import tomllib  # most documents name no retired service

    text = Path(__file__).with_name("service-names.toml").read_text("utf-8")
    return MappingProxyType({entry["prefix"]: entry["name"] for entry in tomllib.loads(text)["service"]})
