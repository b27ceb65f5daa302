"""People, sites and comments with decisions, as the tests of quality have them."""

from classifier.tests.quality.conftest import ann, bea, decided, forum, lead, said, shop, version

__all__ = ["ann", "bea", "decided", "forum", "lead", "said", "shop", "version"]
