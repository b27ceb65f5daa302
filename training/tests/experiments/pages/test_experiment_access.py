"""Who may see runs and who may start them: a model admin, somebody who may only look, a moderator, nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from classifier.models import User
from training.models import Dataset, Experiment
from training.tests.experiments.pages.builders import make_run
from training.tests.experiments.pages.conftest import client_of


@pytest.fixture
def as_reader(db: None) -> Client:
    """May look at runs, not start them."""
    user = User.objects.create_user("reader", password="a-long-enough-pass")
    user.user_permissions.add(Permission.objects.get(codename="view_experiment"))
    return client_of(user)


SEEN = ("/training/", "/training/compare/", "/training/compare.csv", "/training/experiments/{}/")


def test_a_model_admin_sees_every_page(as_admin: Client, dataset: Dataset) -> None:
    run = make_run(dataset)
    for path in (
        *SEEN,
        "/training/new/",
        "/training/experiments/{}/clone/",
        "/training/experiments/{}/delete/",
    ):
        assert as_admin.get(path.format(run.pk)).status_code == 200, path


def test_a_reader_sees_runs_without_a_button_that_changes_them(as_reader: Client, dataset: Dataset) -> None:
    run = make_run(dataset)
    for path in SEEN:
        assert as_reader.get(path.format(run.pk)).status_code == 200, path
    page = as_reader.get(f"/training/experiments/{run.pk}/").content.decode()
    assert "/cancel/" not in page
    assert "/clone/" not in page
    assert "Start a run" not in as_reader.get("/training/").content.decode()


@pytest.mark.parametrize("verb", ["cancel", "resume", "delete", "clone"])
def test_a_reader_can_change_nothing(as_reader: Client, dataset: Dataset, verb: str) -> None:
    run = make_run(dataset)
    assert as_reader.post(f"/training/experiments/{run.pk}/{verb}/").status_code == 403
    run.refresh_from_db()
    assert run.status == "queued"
    assert run.deleted_at is None
    assert Experiment.objects.count() == 1


def test_a_moderator_sees_none_of_it_and_no_way_to_it(as_moderator: Client, dataset: Dataset) -> None:
    run = make_run(dataset)
    for path in (*SEEN, "/training/new/", "/training/experiments/{}/points.json"):
        assert as_moderator.get(path.format(run.pk)).status_code == 403, path
    assert "/training/" not in as_moderator.get("/").content.decode()


def test_somebody_signed_out_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/training/?status=failed")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in/?next=/training/%3Fstatus%3Dfailed"


def test_a_deleted_run_is_nowhere(as_admin: Client, dataset: Dataset) -> None:
    run = make_run(dataset, status="failed")
    as_admin.post(f"/training/experiments/{run.pk}/delete/")
    assert as_admin.get(f"/training/experiments/{run.pk}/").status_code == 404
    assert run.name not in as_admin.get("/training/").content.decode().replace(f"{run.name} is deleted", "")
