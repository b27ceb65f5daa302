"""The administration of the classifier: every feature's admin, imported here so that it registers."""
# ruff: noqa: F401

import classifier.accounts.admin
import classifier.api_keys.admin
import classifier.comments.admin
import classifier.history.admin
import classifier.model_versions.admin
import classifier.notices.admin
import classifier.policies.admin
import classifier.quality.admin
import classifier.references.admin
import classifier.review.admin
import classifier.scoring.admin
import classifier.statistics.admin
import classifier.suggestions.admin
import classifier.transfers.admin
import classifier.webhooks.admin
