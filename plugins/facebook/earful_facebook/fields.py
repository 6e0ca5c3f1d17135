"""Which fields and permissions are asked for. A test compares them with Facebook's own tables."""

from __future__ import annotations

from earful import mark

__all__ = [
    "ASKED_PERMISSIONS",
    "COMMENT",
    "COMMENTS",
    "CONVERSATION",
    "MESSAGE",
    "MESSAGES",
    "NEEDED_PERMISSIONS",
    "PAGE",
    "POST",
    "PUSHED",
    "RATING",
    "TAGGED",
]

COMMENT = (
    "id,message,created_time,from,parent,permalink_url,attachment,"
    "is_hidden,can_hide,can_comment,can_reply_privately"
)
COMMENTS = f"comments.filter(stream).order(reverse_chronological).limit(25){{{COMMENT}}}"
TAGGED = "id,message,story,created_time,from,permalink_url,full_picture"
POST = f"{TAGGED},is_hidden,{COMMENTS}"
RATING = (
    "created_time,has_rating,has_review,rating,recommendation_type,review_text,reviewer,"
    "open_graph_story"
)
MESSAGE = "id,created_time,from,message,attachments,sticker"
MESSAGES = f"messages.limit(20){{{MESSAGE}}}"
CONVERSATION = f"id,updated_time,participants,{MESSAGES}"
PAGE = "id,name,link,followers_count"

PUSHED = (
    "feed",
    "mention",
    "ratings",
    "messages",
    "message_echoes",
    "message_edits",
    "message_reads",
    "messaging_postbacks",
)
"""What a Page's app is subscribed to."""

NEEDED_PERMISSIONS = {
    "pages_show_list": mark("list the Pages you manage"),
    "pages_read_engagement": mark("read the Page's posts and who wrote what"),
    "pages_read_user_content": mark("read comments, visitors' posts and recommendations"),
    "pages_manage_engagement": mark("answer, like and hide comments"),
    "pages_manage_metadata": mark("let Facebook push what happens"),
    "pages_messaging": mark("read and answer private messages"),
}
"""Each permission, and what is impossible without it."""
ASKED_PERMISSIONS = {**NEEDED_PERMISSIONS, "pages_manage_posts": mark("send pictures with answers")}
"""What connecting asks for; without the others everything else still works."""
