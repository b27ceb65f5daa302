"""Signing in and out."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

NO_MATCH = "That name and password do not match an account. Check both, also the Caps Lock key."


class SignInForm(AuthenticationForm):
    """One message for a wrong name, a wrong password and a closed account: nothing tells which it was."""

    error_messages = {"invalid_login": NO_MATCH, "inactive": NO_MATCH}


class SignIn(LoginView):
    template_name = "classifier/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = method_decorator(never_cache, name="dispatch")(SignIn).as_view()
sign_out = LogoutView.as_view()
