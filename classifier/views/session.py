"""Signing in and out."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from classifier.services.sign_in_limits import sign_in_failed, sign_in_is_blocked, sign_in_succeeded

NO_MATCH = "That name and password do not match an account. Check both, also the Caps Lock key."


class SignInForm(AuthenticationForm):
    """One message for a wrong name, a wrong password and a closed account: nothing tells which it was."""

    error_messages = {"invalid_login": NO_MATCH, "inactive": NO_MATCH}


class SignIn(LoginView):
    template_name = "classifier/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        wait = sign_in_is_blocked(**self._who())
        if wait:
            form = SignInForm(initial={"username": request.POST.get("username", "")})
            context = self.get_context_data(form=form, wait_minutes=-(-wait // 60))
            return self.render_to_response(context, status=429, headers={"Retry-After": str(wait)})
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        sign_in_succeeded(**self._who())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if form.non_field_errors():
            sign_in_failed(**self._who())
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def _who(self) -> dict[str, str]:
        return {
            "name": self.request.POST.get("username", ""),
            "address": self.request.META.get("REMOTE_ADDR", ""),
        }


sign_in = method_decorator(never_cache, name="dispatch")(SignIn).as_view()
sign_out = LogoutView.as_view()
