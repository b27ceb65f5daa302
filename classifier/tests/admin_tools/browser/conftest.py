"""The browser, pages and worker that browser tests share."""

from classifier.tests.browser_fixtures import (
    at_the_box,
    browser,
    meant,
    model,
    moderator,
    page,
    ready,
    starter,
    worker,
)

__all__ = ["at_the_box", "browser", "meant", "model", "moderator", "page", "ready", "starter", "worker"]
