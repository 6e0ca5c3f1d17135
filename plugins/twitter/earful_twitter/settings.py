"""The settings of one channel on X. Nothing here talks to anybody."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from earful import ChannelSettings
from pydantic import Field, SecretStr, field_validator, model_validator

from earful_twitter.searches import LONGEST_QUERY, WatchTerm, watch_query

__all__ = ["API", "SITE", "TwitterSettings"]

API = "https://api.x.com"
SITE = "https://x.com"

LONGEST_HANDLE = 15
MOST_TERMS = 20


class TwitterSettings(ChannelSettings):
    """The developer app, what to read and how, and what it may cost."""

    client_id: str = Field(description="OAuth 2.0 client id of your app in X's developer console")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="OAuth 2.0 client secret; empty for a public client"
    )
    consumer_secret: SecretStr = Field(
        default=SecretStr(""),
        description="The app's API secret key, which signs what X pushes; needed for webhooks",
    )
    bearer_token: SecretStr = Field(
        default=SecretStr(""),
        description="The app's own bearer token; needed for webhooks and for the stream",
    )
    receive: Literal["webhook", "stream", "poll"] = Field(
        default="poll", description="How new posts and messages arrive"
    )
    tier: Literal["self-serve", "enterprise"] = Field(
        default="self-serve", description="Your contract with X; it decides what the API permits"
    )
    vocabulary: Literal["post", "tweet"] = Field(
        default="tweet", description="The spelling of requests: tweet.fields or post.fields"
    )
    watch: tuple[WatchTerm, ...] = Field(
        default=(), description="Words to look for beside mentions"
    )
    direct_messages: bool = Field(default=True, description="Read and answer direct messages")
    deep_replies: bool = Field(
        default=True, description="Look for answers deep inside our recent conversations"
    )
    recheck_posts: int = Field(
        default=100,
        ge=0,
        le=500,
        description="So many of the latest posts are looked up once a day for edits and deletions",
    )
    reconcile_minutes: int = Field(
        default=15,
        ge=1,
        le=1440,
        description="How often searches run, and what pushes may have missed is looked for",
    )
    stream_seconds: int = Field(
        default=20, ge=1, le=120, description="How long one reading of the stream lasts"
    )
    stream_backfill: bool = Field(
        default=True, description="Ask the stream for what it sent while nobody listened"
    )
    monthly_cap_usd: float | None = Field(
        default=None, ge=0, description="Nothing that costs is done once the month has cost this"
    )
    base_url: str = Field(default=API, description="The address of X's API, or of a sandbox")
    allow_private_addresses: bool = Field(
        default=False, description="Let base_url be inside your own network, for a sandbox"
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=300, description="Longest time for one request, from start to end"
    )

    @field_validator("base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError("must start with http:// or https://")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [term.name for term in self.watch]
        if len(set(names)) != len(names):
            raise ValueError("watch: every term needs a name of its own")
        for term in self.watch:
            length = len(watch_query(term, "x" * LONGEST_HANDLE))
            if length > LONGEST_QUERY:
                raise ValueError(
                    f"watch {term.name}: the search has {length} characters, and X takes "
                    f"{LONGEST_QUERY}: use fewer words, or two terms"
                )
        if len(names) > MOST_TERMS:
            raise ValueError(f"watch: at most {MOST_TERMS} terms")
        if self.receive != "poll" and not self.bearer_token.get_secret_value():
            raise ValueError(f'receive = "{self.receive}" needs bearer_token')
        if self.receive == "webhook" and not self.consumer_secret.get_secret_value():
            raise ValueError('receive = "webhook" needs consumer_secret')
        return self

    @property
    def site(self) -> str:
        """Where people see posts: X itself, or the sandbox."""
        return SITE if self.base_url == API else self.base_url
