"""X's two vocabularies: requests in one spelling, answers in either; pure.

X renames tweet to post: OpenAPI 2.166 (July 2026) still says `tweet.fields`, `note_tweet` and
`referenced_tweets`, 2.167 says `post.fields`, `note_post` and `referenced_posts`. The payloads of
webhooks and the prose keep the older names. Paths and the bodies of writes are the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["VOCABULARIES", "Vocabulary", "either"]

_USER_FIELDS = (
    "created_at,description,name,profile_image_url,public_metrics,receives_your_dm,"
    "username,verified,verified_type"
)
_MEDIA_FIELDS = "alt_text,preview_image_url,type,url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The query parameters that ask for whole posts and whole direct messages."""

    posts: Mapping[str, str]
    direct_messages: Mapping[str, str]
    users: Mapping[str, str]


_USERS = {"user.fields": _USER_FIELDS}

VOCABULARIES = {
    "tweet": Vocabulary(
        posts={
            "tweet.fields": "attachments,author_id,conversation_id,created_at,display_text_range,"
            "edit_history_tweet_ids,entities,id,in_reply_to_user_id,lang,note_tweet,"
            "referenced_tweets,reply_settings,text",
            "expansions": "attachments.media_keys,author_id,referenced_tweets.id",
            "media.fields": _MEDIA_FIELDS,
            **_USERS,
        },
        direct_messages={
            "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,"
            "sender_id,text",
            "expansions": "attachments.media_keys,sender_id",
            "media.fields": _MEDIA_FIELDS,
            **_USERS,
        },
        users=_USERS,
    ),
    "post": Vocabulary(
        posts={
            "post.fields": "attachments,conversation_id,created_at,display_text_range,entities,id,"
            "lang,note_post,reply_settings,text",
            "expansions": "attachments.media_keys,author_id,edit_history_post_ids,"
            "in_reply_to_user_id,referenced_posts",
            "media.fields": _MEDIA_FIELDS,
            **_USERS,
        },
        direct_messages={
            "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,"
            "text",
            "expansions": "attachments.media_keys,sender_id",
            "media.fields": _MEDIA_FIELDS,
            **_USERS,
        },
        users=_USERS,
    ),
}


def either(found: Mapping[str, Any], name: str) -> Any:
    """The value of `name`, in whichever spelling it came; None if in neither.

    `name` is the older spelling: `note_tweet`, `tweets`, `edit_history_tweet_ids`.
    """
    value = found.get(name)
    return found.get(name.replace("tweet", "post")) if value is None else value
