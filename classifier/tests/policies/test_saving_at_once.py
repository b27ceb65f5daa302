"""Two people save a policy at the same moment, each on a connection of its own: one is told, and no version is lost."""

import threading
from typing import Any

import pytest
from django.db import connection

from classifier.core.errors import PolicyConflict
from classifier.inference.bands import DEFAULT_BANDS
from classifier.models import Policy, Source
from classifier.policies.services import policy_save

pytestmark = pytest.mark.django_db(transaction=True)


def save_at_once(source: Source, count: int, **fields: Any) -> list[Any]:
    """Save `count` versions from threads that start together; return the versions, or the errors."""
    start = threading.Barrier(count)
    results: list[Any] = []

    def save(number: int) -> None:
        try:
            start.wait()
            saved = policy_save(source=source, bands=DEFAULT_BANDS, note=f"by {number}", by=None, **fields)
            results.append(saved.version)
        except PolicyConflict as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_changes_to_the_same_version_one_is_kept_and_the_others_are_told() -> None:
    source = Source.objects.create(slug="forum", name="Forum")
    results = save_at_once(source, 4, seen_version=0)
    assert [result for result in results if not isinstance(result, PolicyConflict)] == [1]
    assert Policy.objects.filter(source=source).count() == 1


def test_changes_that_name_no_version_follow_each_other() -> None:
    source = Source.objects.create(slug="forum", name="Forum")
    assert sorted(save_at_once(source, 4)) == [1, 2, 3, 4]
    assert Policy.objects.filter(source=source).count() == 4
