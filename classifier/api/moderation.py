"""What the endpoints of moderation share: scopes, permissions and finding comments."""

from typing import Any, ClassVar

from rest_framework.request import Request

from classifier.api.base import Endpoint
from classifier.api.permissions import caller
from classifier.api.verbs import found
from classifier.core.permissions import require_permission
from classifier.core.visible_comments import comments_visible_to
from classifier.models import Comment


class ModerationEndpoint(Endpoint):
    """`needs` names for a method the permission that its person must hold; services ask again for what they do."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    needs: ClassVar[dict[str, str]] = {}
    comment: Comment  # of an address with a comment_id

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            return  # a method that is not served: 405 follows, whatever is there
        if "comment_id" in kwargs:
            # what one may not see is not there, whatever else one may do
            self.comment = found(comments_visible_to(user=caller(request)), kwargs["comment_id"])
        permission = self.needs.get("GET" if request.method == "HEAD" else str(request.method))
        if permission is not None:
            require_permission(caller(request), permission)
