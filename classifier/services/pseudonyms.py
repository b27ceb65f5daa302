"""What rows that are kept for good call an author, so that erasing one leaves no name in them."""

import hashlib
import hmac
from typing import Any

from django.conf import settings

from classifier.selectors.queue_filters import QueueFilters


def author_pseudonym(author: str) -> str:
    """What the audit calls an author: the same for the same name, and no way back without the site's secret key."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"author:" + author.encode(), hashlib.sha256)
    return f"author {digest.hexdigest()[:16]}"


def told_filters(filters: QueueFilters) -> dict[str, Any]:
    """What the audit keeps of filters: an author only as the audit calls them, and how many ids there were."""
    data = filters.to_data()
    if "author" in data:
        data["author"] = author_pseudonym(data["author"])
    if "ids" in data:
        data["ids"] = len(data["ids"])
    return data
