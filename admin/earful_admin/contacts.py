"""The contacts: a list of people, a page for each, and the part of it beside a conversation."""

from __future__ import annotations

from typing import Any

from earful import actions, wording
from earful.components import Badge
from earful.store.contact_export import exported_contact
from earful.store.database import TooSlow
from earful.store.queries.contact_list import ContactLine, find_contacts, list_contacts
from earful.store.queries.contacts import ContactPage, contact_page, history
from earful.store.queries.matches import matches, merges, refused
from earful.store.queries.paging import Page
from earful.store.queries.search_terms import LONGEST_SEARCH
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import Response, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import may, needs
from earful_admin.inbox.composing import web_address
from earful_admin.inbox.listing import UNKNOWN_BADGE
from earful_admin.toasts import say, toast_header
from earful_admin.views import PageView

__all__ = ["ContactsView"]

_ONE = "/<int:contact_id>"
_TOO_SLOW = mark("This search takes too long. Write more of the name.")


class ContactsView(PageView):
    """Reads the store; what people write down about a contact goes through the actions."""

    requires = Role.VIEWER
    icon = "user"
    lede = mark("Who wrote to us, over all their accounts.")
    key = "h"

    @expose("/")
    def index(self) -> str:
        """The list, or what was found by a name."""
        asked = request.args.get("q", "").strip()[:LONGEST_SEARCH]
        only_vip = request.args.get("vip") == "1"
        page, said = self._lines(asked, only_vip=only_vip)
        return str(
            self.render(
                "contacts/list.html",
                lines=page.items,
                next=page.next,
                asked=asked,
                only_vip=only_vip,
                into=self._into(),
                said=said,
                longest=LONGEST_SEARCH,
                badge_of=self._badge,
            )
        )

    def _into(self) -> ContactPage | None:
        """The contact that another one is looked for to be merged into."""
        wanted = request.args.get("into", type=int)
        if wanted is None or not may(Role.AGENT):
            return None
        found = contact_page(wanted)
        return found if found and found.merged_into is None and not found.erased_at else None

    def _lines(self, asked: str, *, only_vip: bool) -> tuple[Page[ContactLine], str]:
        if not asked:
            return list_contacts(only_vip=only_vip, before_id=_before()), ""
        try:
            return Page(items=find_contacts(asked, only_vip=only_vip)), ""
        except TooSlow:
            return Page(items=()), _(_TOO_SLOW)

    @expose(_ONE)
    def contact(self, contact_id: int) -> ResponseReturnValue:
        """One person."""
        page = _page(contact_id)
        if page.merged_into is not None:
            return redirect(self.get_url(".contact", contact_id=page.merged_into))
        before = _before()
        past = history(contact_id, before_id=before)
        return str(
            self.render(
                "contacts/page.html",
                past=past,
                before=before,
                merges=merges(contact_id),
                erase_word=actions.ERASE_WORD,
                refused=refused(contact_id),
                **self._values(page),
            )
        )

    @expose(f"{_ONE}/person")
    def person(self, contact_id: int) -> str:
        """What is known about them, beside a conversation of theirs."""
        return self._part(contact_id)

    @expose(f"{_ONE}/note", methods=["POST"])
    @needs(Role.AGENT)
    def note(self, contact_id: int) -> ResponseReturnValue:
        """Keep something in mind about them."""
        text = request.form.get("text", "")
        actions.add_contact_note(self.runtime, self.actor, contact_id, text, now=self.now)
        return self._done(contact_id, _("Noted"))

    @expose(f"{_ONE}/note/<int:note_id>/remove", methods=["POST"])
    @needs(Role.AGENT)
    def remove_note(self, contact_id: int, note_id: int) -> ResponseReturnValue:
        """Take a note away."""
        actions.delete_contact_note(self.runtime, self.actor, contact_id, note_id, now=self.now)
        return self._done(contact_id, _("The note is removed"))

    @expose(f"{_ONE}/field/<int:field_id>", methods=["POST"])
    @needs(Role.AGENT)
    def field(self, contact_id: int, field_id: int) -> ResponseReturnValue:
        """Answer a field."""
        text = request.form.get("text", "")
        actions.set_contact_value(
            self.runtime, self.actor, contact_id, field_id, text, now=self.now
        )
        return self._done(contact_id, _("Saved"))

    @expose(f"{_ONE}/vip", methods=["POST"])
    @needs(Role.AGENT)
    def vip(self, contact_id: int) -> ResponseReturnValue:
        """Mark them as a VIP, or no more."""
        vip = request.form.get("vip") == "1"
        actions.set_vip(self.runtime, self.actor, contact_id, vip=vip, now=self.now)
        return self._done(contact_id, _("Marked as VIP") if vip else _("No VIP any more"))

    @expose(f"{_ONE}/merge", methods=["POST"])
    @needs(Role.AGENT)
    def merge(self, contact_id: int) -> ResponseReturnValue:
        """Another contact is the same person."""
        other = _other()
        # It is kept with the merge, for readers of any language.
        with wording.speaking("en"):
            suggested = (each.evidence for each in matches(contact_id) if each.contact_id == other)
        actions.merge_contacts(
            self.runtime,
            self.actor,
            contact_id,
            other,
            evidence=next(suggested, ()),
            now=self.now,
        )
        return self._done(contact_id, _("They are one contact now"))

    @expose(f"{_ONE}/unmerge", methods=["POST"])
    @needs(Role.AGENT)
    def unmerge(self, contact_id: int) -> ResponseReturnValue:
        """They are two after all."""
        merge = request.form.get("merge", 0, type=int)
        if merge not in {each.id for each in merges(contact_id)}:
            abort(404)
        actions.undo_merge(self.runtime, self.actor, merge, now=self.now)
        return self._done(contact_id, _("They are two contacts again"))

    @expose(f"{_ONE}/refuse", methods=["POST"])
    @needs(Role.AGENT)
    def refuse(self, contact_id: int) -> ResponseReturnValue:
        """Another contact is somebody else."""
        actions.refuse_match(self.runtime, self.actor, contact_id, _other(), now=self.now)
        return self._done(contact_id, _("Not suggested again"))

    @expose(f"{_ONE}/allow", methods=["POST"])
    @needs(Role.AGENT)
    def allow(self, contact_id: int) -> ResponseReturnValue:
        """Another contact may be suggested again."""
        actions.take_back_refusal(self.runtime, self.actor, contact_id, _other(), now=self.now)
        return self._done(contact_id, _("May be suggested again"))

    @expose(f"{_ONE}/export", methods=["POST"])
    @needs(Role.LEAD)
    def export(self, contact_id: int) -> ResponseReturnValue:
        """All that is kept about them as one file; who took it stands in the audit."""
        actions.note_contact_export(self.runtime, self.actor, contact_id, now=self.now)
        name = f"contact-{contact_id}.json"
        headers = {"Content-Disposition": f"attachment; filename={name}"}
        return Response(exported_contact(contact_id), mimetype="application/json", headers=headers)

    @expose(f"{_ONE}/erase", methods=["POST"])
    @needs(Role.ADMIN)
    def erase(self, contact_id: int) -> ResponseReturnValue:
        """Take out all that tells of them, for good."""
        typed = request.form.get("confirmation", "")
        actions.erase_contact(self.runtime, self.actor, contact_id, typed, now=self.now)
        return self._done(contact_id, _("Erased"))

    def _done(self, contact_id: int, said: str) -> ResponseReturnValue:
        """The part anew where a script asked, the page where none did."""
        if request.headers.get("HX-Request"):
            return self._part(contact_id), 200, toast_header(said)
        say(said)
        return redirect(self.get_url(".contact", contact_id=contact_id), 303)

    def _part(self, contact_id: int) -> str:
        page = _page(contact_id, request.values.get("c", type=int))
        return str(self.render("contacts/person.html", **self._values(page)))

    def _values(self, page: ContactPage) -> dict[str, Any]:
        return {
            "contact": page,
            "matches": matches(page.id) if may(Role.AGENT) else (),
            "seen_from": request.values.get("c", type=int),
            "zone": context.zone(),
            "badge_of": self._badge,
            "web_address": web_address,
        }

    def _badge(self, kind: str) -> Badge:
        known: Any = self.runtime.plugins.channel_types.get(kind)
        return known.badge if known else UNKNOWN_BADGE


def _page(contact_id: int, conversation_id: int | None = None) -> ContactPage:
    page = contact_page(contact_id, conversation_id=conversation_id)
    if page is None:
        abort(404)
    return page


def _other() -> int:
    """The contact that a form names beside the page's own."""
    return request.form.get("other", 0, type=int)


def _before() -> int | None:
    before = request.args.get("before", type=int)
    return before if before and 0 < before < 2**63 else None
