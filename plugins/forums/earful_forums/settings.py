"""The settings of one `forums` channel. Nothing here talks to anybody."""

from __future__ import annotations

from typing import Literal, Self

from earful import Settings
from pydantic import Field, SecretStr, field_validator, model_validator

__all__ = ["ForumsSettings"]


class ForumsSettings(Settings):
    """Where to read, how, and as whom to answer."""

    url: str = Field(description="The site, one of its pages, or its feed: http:// or https://")
    reader: Literal["auto", "feed", "wordpress"] = Field(
        default="auto", description="How to read it; auto takes WordPress's API where offered"
    )
    username: str = Field(default="", description="WordPress user who answers")
    application_password: SecretStr = Field(
        default=SecretStr(""), description="That user's application password"
    )
    own_names: tuple[str, ...] = Field(
        default=(), description="Author names in feeds that are ours, to know our own answers"
    )
    max_items: int = Field(
        default=1000, ge=10, le=10_000, description="Most messages taken from one document"
    )
    allow_private_addresses: bool = Field(
        default=False, description="Read addresses inside your own network, too"
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=300, description="Longest time for one request, from start to end"
    )

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        value = value.strip()
        if not value.lower().startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if bool(self.username) != bool(self.application_password.get_secret_value()):
            raise ValueError("username and application_password belong together: give both or none")
        if self.username and self.reader == "feed":
            raise ValueError('feeds cannot be answered: drop the credentials or reader = "feed"')
        return self

    @property
    def auth(self) -> tuple[str, str] | None:
        """The credentials for WordPress, if there are any."""
        if not self.username:
            return None
        return self.username, self.application_password.get_secret_value()
