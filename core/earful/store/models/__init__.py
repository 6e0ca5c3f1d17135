"""The tables. Rows hold no behaviour and no callbacks; who may change what is decided above.

A foreign key is indexed only where a page or a step reads by it: every index costs each message.
Indexes on unfinished states are partial, so that the sweep's cost is that of the unfinished work.
"""

from __future__ import annotations

from earful.store.models.attachments import ReplyAttachment
from earful.store.models.channels import Channel, Payload
from earful.store.models.connections import (
    ChannelConnection,
    ChannelCost,
    ChannelCredential,
    ChannelFlag,
    ChannelLimit,
)
from earful.store.models.contacts import (
    ContactField,
    ContactMerge,
    ContactNote,
    ContactValue,
    RefusedMatch,
)
from earful.store.models.conversations import (
    Clock,
    Conversation,
    ConversationLabel,
    Event,
    Note,
    Queue,
    Thread,
)
from earful.store.models.desk import BulkItem, BulkJob, BulkUndo, ReadCursor, SavedView
from earful.store.models.house import AuditEvent, Heartbeat, Lease, Notification, Setting
from earful.store.models.labels import (
    ClassifierBatch,
    ClassifierDay,
    LabelCorrection,
    LabelVerdict,
    Reclassification,
)
from earful.store.models.messages import (
    EarlyRemoval,
    Message,
    MessageLabel,
    MessageVersion,
    OtherId,
)
from earful.store.models.people import Agent, Contact, Identity
from earful.store.models.platform_actions import PlatformAction
from earful.store.models.policies import Policy, PolicyRun, PolicyVersion
from earful.store.models.replies import Reply
from earful.store.models.row import NEVER, Row, database
from earful.store.models.together import AgentNotification, Digest, Presence
from earful.store.models.writing import Draft, Macro, Mention, SavedReply, SignOff

__all__ = [
    "ALL_MODELS",
    "NEVER",
    "Agent",
    "AgentNotification",
    "AuditEvent",
    "BulkItem",
    "BulkJob",
    "BulkUndo",
    "Channel",
    "ChannelConnection",
    "ChannelCost",
    "ChannelCredential",
    "ChannelFlag",
    "ChannelLimit",
    "ClassifierBatch",
    "ClassifierDay",
    "Clock",
    "Contact",
    "ContactField",
    "ContactMerge",
    "ContactNote",
    "ContactValue",
    "Conversation",
    "ConversationLabel",
    "Digest",
    "Draft",
    "EarlyRemoval",
    "Event",
    "Heartbeat",
    "Identity",
    "LabelCorrection",
    "LabelVerdict",
    "Lease",
    "Macro",
    "Mention",
    "Message",
    "MessageLabel",
    "MessageVersion",
    "Note",
    "Notification",
    "OtherId",
    "Payload",
    "PlatformAction",
    "Policy",
    "PolicyRun",
    "PolicyVersion",
    "Presence",
    "Queue",
    "ReadCursor",
    "Reclassification",
    "RefusedMatch",
    "Reply",
    "ReplyAttachment",
    "Row",
    "SavedReply",
    "SavedView",
    "Setting",
    "SignOff",
    "Thread",
    "database",
]

ALL_MODELS: tuple[type[Row], ...] = (
    Channel,
    Payload,
    Contact,
    Identity,
    Agent,
    Queue,
    Conversation,
    Thread,
    Message,
    MessageVersion,
    OtherId,
    EarlyRemoval,
    MessageLabel,
    LabelCorrection,
    LabelVerdict,
    ClassifierDay,
    ClassifierBatch,
    Reclassification,
    ConversationLabel,
    Event,
    Note,
    Reply,
    PlatformAction,
    Clock,
    Policy,
    PolicyVersion,
    PolicyRun,
    Notification,
    AuditEvent,
    Heartbeat,
    Lease,
    Setting,
    ChannelCredential,
    ChannelFlag,
    ChannelLimit,
    ChannelCost,
    ChannelConnection,
    ReadCursor,
    SavedView,
    BulkUndo,
    SavedReply,
    Macro,
    Draft,
    SignOff,
    Mention,
    ContactField,
    ContactValue,
    ContactNote,
    ContactMerge,
    RefusedMatch,
    Presence,
    AgentNotification,
    ReplyAttachment,
    Digest,
    BulkJob,
    BulkItem,
)
"""Every table, each after those it links to."""
