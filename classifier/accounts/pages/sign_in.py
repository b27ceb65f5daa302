"""Signing in and out."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from classifier.accounts.password_turn import password_turn
from classifier.accounts.sign_in_limits import sign_in_succeeded, sign_in_try
from toxicsite.lib.client_address import counted_address

LANDINGS = (
    ("classifier.add_decision", "queue", ""),
    ("classifier.view_comment", "queue-list", "?status=all"),
    ("training.view_experiment", "training:experiments", ""),
)
"""Where people land after signing in: (permission, page, query), the first that they hold."""
NO_MATCH = "That name and password do not match an account. Check both, also the Caps Lock key."

BUSY = "Many people are signing in at this moment. Try again in a few seconds."
BUSY_SECONDS = 5


class SignInForm(AuthenticationForm):
    """One message for a wrong name, a wrong password and a closed account: nothing tells which it was.

    Counts the try under the cleaned name before the password is checked; `wait_seconds` is 0 unless it was refused.
    `is_busy` says that too many others sign in at this moment, and nothing was counted.
    """

    error_messages = {"invalid_login": NO_MATCH, "inactive": NO_MATCH}
    wait_seconds = 0
    is_busy = False

    def clean(self) -> dict[str, Any]:
        if not (self.cleaned_data.get("username") and self.cleaned_data.get("password")):
            return super().clean()
        with password_turn() as is_mine:
            if not is_mine:
                self.is_busy = True
                raise ValidationError(BUSY, code="busy")
            self.wait_seconds = sign_in_try(**self.who())
            if self.wait_seconds:
                raise ValidationError("Too many tries.", code="too_many")
            return super().clean()

    def who(self) -> dict[str, str]:
        assert self.request is not None
        return {
            "name": self.cleaned_data["username"],
            "address": counted_address(self.request.META, settings.TRUSTED_PROXIES),
        }


class SignIn(LoginView):
    template_name = "classifier/accounts/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Return the page where this person's work is; a page that was asked for before goes first."""
        user = self.request.user
        return next(
            (reverse(name) + query for permission, name, query in LANDINGS if user.has_perm(permission)), "/"
        )

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        assert isinstance(form, SignInForm)
        sign_in_succeeded(**form.who())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        assert isinstance(form, SignInForm)
        if form.is_busy:
            context = self.get_context_data(form=form)
            return self.render_to_response(context, status=503, headers={"Retry-After": str(BUSY_SECONDS)})
        if not form.wait_seconds:
            return self.render_to_response(self.get_context_data(form=form), status=422)
        empty = SignInForm(initial={"username": self.request.POST.get("username", "")})
        context = self.get_context_data(form=empty, wait_minutes=-(-form.wait_seconds // 60))
        return self.render_to_response(context, status=429, headers={"Retry-After": str(form.wait_seconds)})


sign_in = method_decorator(never_cache, name="dispatch")(SignIn).as_view()
sign_out = LogoutView.as_view()
