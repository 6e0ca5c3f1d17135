"""What people may do. Every action checks who acts, holds what it changes, and is audited.

Refusals are `ActionRefused`, worded for the person; nothing has changed then.
"""

from __future__ import annotations

from earful.actions.actor import SYSTEM, Actor, NeedsConfirmation, NewerMessage
from earful.actions.attachments import (
    attach,
    describe_attachment,
    move_attachments,
    remove_attachment,
)
from earful.actions.attendance import return_conversations, set_away, set_share
from earful.actions.bulk import BULK_CHANGES, BulkOutcome, change_many, undo_many
from earful.actions.bulk_jobs import (
    UNDO_JOB_FOR,
    continue_bulk_job,
    forget_bulk_items,
    read_bulk_job,
    start_bulk_job,
    undo_bulk_job,
)
from earful.actions.channels import (
    accept_webhook,
    pause_channel,
    poll_channel_now,
    replay_payloads,
    resume_channel,
    sync_channels,
    test_channel,
)
from earful.actions.connections import (
    Choice,
    Connected,
    begin_connection,
    choose_account,
    connection_choices,
    disconnect_channel,
    return_from_platform,
    rotate_secrets,
    webhook_url,
)
from earful.actions.contacts import (
    add_contact_note,
    delete_contact_note,
    save_contact_field,
    set_contact_value,
    set_vip,
)
from earful.actions.conversations import (
    add_label,
    add_note,
    ask_to_take_over,
    assign,
    ignore,
    remove_label,
    reopen,
    resolve,
    set_priority,
    set_queue,
    snooze,
)
from earful.actions.inlet import Inlet
from earful.actions.labels import judge_label, take_back_judgement
from earful.actions.macro_runs import MacroRun, run_macro
from earful.actions.macros import InvalidMacro, delete_macro, plan_macro, save_macro
from earful.actions.merging import (
    merge_contacts,
    refuse_match,
    take_back_refusal,
    undo_merge,
)
from earful.actions.people import (
    THEMES,
    add_agent,
    change_own_password,
    end_sessions,
    note_sign_in,
    note_sign_in_refused,
    note_sign_out,
    rehash_password,
    set_agent_active,
    set_password,
    set_role,
    update_profile,
)
from earful.actions.platform_actions import (
    WHO_MAY,
    hide_message,
    like_message,
    unhide_message,
    unlike_message,
)
from earful.actions.policies import InvalidPolicy, move_policy, save_policy, set_policy_enabled
from earful.actions.presence import tell_presence
from earful.actions.privacy import ERASE_WORD, erase_contact, note_contact_export
from earful.actions.queues import COLOURS, save_queue, set_setting
from earful.actions.reading import mark_read, mark_unread
from earful.actions.replies import (
    Undone,
    confirm_reply_sent,
    find_reply_again,
    reply_permission,
    retry_reply,
    submit_reply,
    undo_reply,
)
from earful.actions.system import retry_job, retry_notification
from earful.actions.telling import NOTICE_SWITCHES, mark_all_told_read, set_muted
from earful.actions.views import InvalidView, delete_view, save_view
from earful.actions.writing import (
    DraftConflict,
    delete_saved_reply,
    save_draft,
    save_saved_reply,
    set_sign_off,
)

__all__ = [
    "BULK_CHANGES",
    "COLOURS",
    "ERASE_WORD",
    "NOTICE_SWITCHES",
    "SYSTEM",
    "THEMES",
    "UNDO_JOB_FOR",
    "WHO_MAY",
    "Actor",
    "BulkOutcome",
    "Choice",
    "Connected",
    "DraftConflict",
    "Inlet",
    "InvalidMacro",
    "InvalidPolicy",
    "InvalidView",
    "MacroRun",
    "NeedsConfirmation",
    "NewerMessage",
    "Undone",
    "accept_webhook",
    "add_agent",
    "add_contact_note",
    "add_label",
    "add_note",
    "ask_to_take_over",
    "assign",
    "attach",
    "begin_connection",
    "change_many",
    "change_own_password",
    "choose_account",
    "confirm_reply_sent",
    "connection_choices",
    "continue_bulk_job",
    "delete_contact_note",
    "delete_macro",
    "delete_saved_reply",
    "delete_view",
    "describe_attachment",
    "disconnect_channel",
    "end_sessions",
    "erase_contact",
    "find_reply_again",
    "forget_bulk_items",
    "hide_message",
    "ignore",
    "judge_label",
    "like_message",
    "mark_all_told_read",
    "mark_read",
    "mark_unread",
    "merge_contacts",
    "move_attachments",
    "move_policy",
    "note_contact_export",
    "note_sign_in",
    "note_sign_in_refused",
    "note_sign_out",
    "pause_channel",
    "plan_macro",
    "poll_channel_now",
    "read_bulk_job",
    "refuse_match",
    "rehash_password",
    "remove_attachment",
    "remove_label",
    "reopen",
    "replay_payloads",
    "reply_permission",
    "resolve",
    "resume_channel",
    "retry_job",
    "retry_notification",
    "retry_reply",
    "return_conversations",
    "return_from_platform",
    "rotate_secrets",
    "run_macro",
    "save_contact_field",
    "save_draft",
    "save_macro",
    "save_policy",
    "save_queue",
    "save_saved_reply",
    "save_view",
    "set_agent_active",
    "set_away",
    "set_contact_value",
    "set_muted",
    "set_password",
    "set_policy_enabled",
    "set_priority",
    "set_queue",
    "set_role",
    "set_setting",
    "set_share",
    "set_sign_off",
    "set_vip",
    "snooze",
    "start_bulk_job",
    "submit_reply",
    "sync_channels",
    "take_back_judgement",
    "take_back_refusal",
    "tell_presence",
    "test_channel",
    "undo_bulk_job",
    "undo_many",
    "undo_merge",
    "undo_reply",
    "unhide_message",
    "unlike_message",
    "update_profile",
    "webhook_url",
]
