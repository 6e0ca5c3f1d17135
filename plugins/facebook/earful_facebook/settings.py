"""The settings of one `facebook` channel. Nothing here talks to anybody."""

from __future__ import annotations

from datetime import timedelta

from earful import ChannelSettings
from pydantic import Field, SecretStr, field_validator

__all__ = ["ANSWER_WINDOW", "HUMAN_AGENT_WINDOW", "PRIVATE_REPLY_WINDOW", "FacebookSettings"]

ANSWER_WINDOW = timedelta(hours=24)
"""How long after a person's last message a Page may answer in Messenger."""
HUMAN_AGENT_WINDOW = timedelta(days=7)
"""The same where Meta has granted the Human Agent feature."""
PRIVATE_REPLY_WINDOW = timedelta(days=7)
"""How long after a comment or visitor post one private reply to it is allowed."""


class FacebookSettings(ChannelSettings):
    """The Meta app of one Page, and how its Page is read."""

    app_id: str = Field(description="The Meta app's id", pattern=r"^\d+$")
    app_secret: SecretStr = Field(description="The Meta app's secret; signs and checks everything")
    verify_token: SecretStr = Field(
        description="Any words of your own: Facebook shows them when it checks the webhook address"
    )
    human_agent: bool = Field(
        default=False,
        description="Answer in Messenger up to 7 days; only with Meta's Human Agent feature",
    )
    recent_posts: int = Field(
        default=30, ge=1, le=100, description="How many of the newest posts are looked through"
    )
    recent_conversations: int = Field(
        default=25, ge=1, le=100, description="How many of the newest Messenger talks are read"
    )
    history_days: int = Field(
        default=7, ge=0, le=90, description="How far back the first look goes, in days"
    )
    calls_per_fetch: int = Field(
        default=20, ge=3, le=100, description="Most calls to Facebook in one go"
    )
    slow_down_at: int = Field(
        default=75, ge=10, le=95, description="Percent of Facebook's limit from which to read less"
    )
    api_version: str = Field(
        default="v26.0", description="Version of the Graph API", pattern=r"^v\d+\.\d+$"
    )
    base_url: str = Field(
        default="https://graph.facebook.com", description="Where the Graph API answers"
    )
    dialog_url: str = Field(
        default="https://www.facebook.com", description="Where people sign in to connect"
    )
    allow_private_addresses: bool = Field(
        default=False, description="Talk to addresses inside your own network, such as a sandbox"
    )
    timeout_seconds: float = Field(
        default=20.0, gt=0, le=60, description="Longest time for one call, from start to end"
    )

    @field_validator("base_url", "dialog_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if not value.lower().startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value
