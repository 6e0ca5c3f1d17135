"""A person's own page: name, initials, theme, sign-offs, password."""

from __future__ import annotations

from typing import Any

from earful import actions, wording
from earful.store.models import Agent
from earful.store.queries.writing import sign_offs
from earful.store.states import DigestPace, Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import Response, current_app, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context, language, passwords, sign_in
from earful_admin.access import needs
from earful_admin.inbox.notices import KINDS, WAYS
from earful_admin.nav import NavItem
from earful_admin.security import is_own_page
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["THEMES", "ProfileView", "theme"]

THEMES = {"auto": mark("Like the device"), "light": mark("Light"), "dark": mark("Dark")}
DIGEST_PACES = {
    DigestPace.OFF: mark("Never"),
    DigestPace.DAILY: mark("Every morning"),
    DigestPace.HOURLY: mark("Every hour"),
    DigestPace.WHEN_AWAY: mark("Every hour while I am away"),
}
_COOKIE = "earful_theme"
_YEAR = 31_536_000


def theme() -> str:
    """The theme to draw this page in: the person's, else this browser's, else the device's."""
    chosen = context.agent().theme if context.is_signed_in() else request.cookies.get(_COOKIE)
    return chosen if chosen in THEMES else "auto"


def _keep(response: Response, chosen: str) -> Response:
    """For the sign-in page, which does not know who is coming."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(
        _COOKIE, chosen, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax"
    )
    return response


class ProfileView(PageView):
    """What people change about themselves."""

    requires = Role.VIEWER
    icon = "circle-user"

    def nav_items(self) -> list[NavItem]:
        """None: the person's name at the foot of the navigation leads here."""
        return []

    @expose("/")
    def index(self) -> str:
        return str(self._page({}))

    @expose("/", methods=["POST"])
    @needs(Role.VIEWER)
    def save(self) -> ResponseReturnValue:
        form = request.form
        name, initials = form.get("name", "").strip(), form.get("initials", "").strip()
        chosen = form.get("theme", "auto")
        mistakes = {}
        if not 1 <= len(name) <= 200:  # noqa: PLR2004
            mistakes["name"] = _("Enter the name that colleagues know you by.")
        if len(initials) > 4:  # noqa: PLR2004
            mistakes["initials"] = _("Use at most 4 characters.")
        if mistakes or chosen not in THEMES:
            return self._page(mistakes), 422
        actions.update_profile(
            self.runtime, self.actor, context.agent().id,
            name=name, initials=initials, theme=chosen, language=form.get("language"),
            compact=form.get("density") == "compact", now=self.now,
        )  # fmt: skip
        language.choose(form.get("language", context.agent().language))
        say(_("Your profile is saved."))
        return _keep(make_response(redirect(self.get_url(".index"), 303)), chosen)

    @expose("/theme", methods=["POST"])
    @needs(Role.VIEWER)
    def toggle_theme(self) -> ResponseReturnValue:
        chosen = request.form.get("theme", "")
        if chosen in THEMES:
            actions.update_profile(
                self.runtime, self.actor, context.agent().id, theme=chosen, now=self.now
            )
        back = request.referrer if is_own_page(request.referrer) else None
        return _keep(make_response(redirect(back or self.get_url(".index"), 303)), chosen)

    @expose("/away", methods=["POST"])
    @needs(Role.AGENT)
    def set_away(self) -> ResponseReturnValue:
        away = request.form.get("away") == "1"
        returned = actions.set_away(
            self.runtime, self.actor, context.agent().id, away=away, now=self.now
        )
        said = _("You are away.") if away else _("You are back.")
        back = _("%(n)s open conversations are back in their queues.", n=returned)
        say(f"{said} {back}" if away and returned else said)
        return redirect(self.get_url(".index"), 303)

    @expose("/notices", methods=["POST"])
    @needs(Role.VIEWER)
    def save_notices(self) -> ResponseReturnValue:
        wanted = set(request.form.getlist("told"))
        if self.runtime.config.mail is None:
            # What is not offered now stays as it was chosen.
            mails = {each for each in actions.NOTICE_SWITCHES if each.endswith(".mail")}
            wanted |= mails - set(context.agent().muted)
        pace = request.form.get("digest", "")
        actions.set_muted(
            self.runtime,
            self.actor,
            (each for each in actions.NOTICE_SWITCHES if each not in wanted),
            DigestPace(pace) if pace in DIGEST_PACES else None,
            now=self.now,
        )
        say(_("Your notifications are saved."))
        return redirect(self.get_url(".index"), 303)

    @expose("/sign-offs", methods=["POST"])
    @needs(Role.AGENT)
    def save_sign_offs(self) -> ResponseReturnValue:
        for line in sign_offs(context.agent().id):
            text = request.form.get(f"channel-{line.channel_id}", line.text)
            actions.set_sign_off(self.runtime, self.actor, line.channel_id, text, now=self.now)
        say(_("Your sign-offs are saved."))
        return redirect(self.get_url(".index"), 303)

    @expose("/password", methods=["POST"])
    @needs(Role.VIEWER)
    def change_password(self) -> ResponseReturnValue:
        mistakes = self._password_mistakes()
        if mistakes:
            return self._page(mistakes), 422
        actions.change_own_password(
            self.runtime, self.actor, request.form["new_password"], now=self.now
        )
        # The change ended every session, this one too.
        sign_in.start_session(Agent.get_by_id(context.agent().id))
        say(_("Your password is changed. Other devices are signed out."))
        return redirect(self.get_url(".index"), 303)

    def _password_mistakes(self) -> dict[str, str]:
        row, form = context.agent(), request.form
        new = form.get("new_password", "")
        if not passwords.matches(row.password_hash, form.get("password", "")):
            return {"password": _("This is not your password.")}
        if mistake := passwords.mistake_in(new, email=row.email, name=row.name):
            return {"new_password": mistake}
        if new != form.get("again", ""):
            return {"again": _("The two new passwords differ.")}
        return {}

    def _page(self, mistakes: dict[str, str]) -> Any:
        mails = self.runtime.config.mail is not None
        return self.render(
            "profile.html",
            row=context.agent(),
            themes=THEMES,
            languages=wording.languages(),
            mistakes=mistakes,
            form=request.form,
            notice_kinds=KINDS,
            notice_ways={way: words for way, words in WAYS.items() if way != "mail" or mails},
            mail_is_on=mails,
            digest_paces=DIGEST_PACES,
            channels=sign_offs(context.agent().id),
        )
