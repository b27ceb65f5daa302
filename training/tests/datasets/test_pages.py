"""The pages of datasets: for whose role, in every state, without JavaScript."""

import errno
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from classifier.accounts.roles import ADMIN
from classifier.models import User
from training.datasets.services import dataset_make_test_set
from training.models import Dataset
from training.tests.datasets.conftest import MakeDataset, as_csv, rows_of, uploaded

FORMS = ["upload", "hub", "decisions", "mixture"]


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


@pytest.fixture
def page(model_admin: User, redis_clean: None) -> Client:
    return client_of(model_admin)


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def test_an_empty_list_says_what_to_do(page: Client) -> None:
    assert "No dataset yet" in shown(page.get("/training/datasets/"))


@pytest.mark.parametrize("kind", FORMS)
def test_each_form_opens_and_names_what_is_missing(kind: str, page: Client) -> None:
    address = f"/training/datasets/new/{kind}/"
    assert 'aria-current="page"' in shown(page.get(address))
    assert "This field is required." in shown(page.post(address, {}), 422)
    assert not Dataset.objects.exists()


def test_an_upload_leads_to_its_page_with_statistics_and_blurred_rows(page: Client) -> None:
    response = page.post(
        "/training/datasets/new/upload/",
        {
            "name": "Forum",
            "train": uploaded("forum.csv", as_csv(rows_of(60))),
            "text_column": "text",
            "label_columns": "toxic",
            "attribution": "Our forum",
        },
        follow=True,
    )
    text = shown(response)
    dataset = Dataset.objects.get()
    assert response.redirect_chain[-1][0] == f"/training/datasets/{dataset.pk}/"
    assert "“Forum” is ready." in text
    assert dataset.fingerprints["train"] in text
    assert "Our forum" in text
    assert "samples__text veil" in text
    assert 'data-chart="bars"' in text
    assert "were cut from the training rows" in text
    assert f'href="/training/datasets/{dataset.pk}/"' in shown(page.get("/training/datasets/"))


def test_a_refused_upload_says_where_and_keeps_what_was_typed(page: Client) -> None:
    rows = [*rows_of(20), {"text": "", "toxic": 1}]
    text = shown(
        page.post(
            "/training/datasets/new/upload/",
            {
                "name": "Forum",
                "train": uploaded("forum.csv", as_csv(rows)),
                "text_column": "text",
                "label_columns": "toxic",
            },
        ),
        422,
    )
    assert "row 21" in text
    assert "the text is empty" in text
    assert 'value="Forum"' in text


def test_an_upload_that_finds_no_room_is_told_and_keeps_what_was_typed(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("training.datasets.services.run_child", disk_full)
    fields = {"name": "Forum", "train": uploaded("forum.csv", as_csv(rows_of(20))), "text_column": "text"}
    text = shown(page.post("/training/datasets/new/upload/", {**fields, "label_columns": "toxic"}), 507)
    assert "disk is full, so nothing of this was stored" in text
    assert 'value="Forum"' in text
    assert not Dataset.objects.exists()


def test_rows_are_paged_and_a_wrong_page_is_no_error(page: Client, upload: MakeDataset) -> None:
    dataset = upload(train=rows_of(40), validation=rows_of(10, begin=50), test=rows_of(10, begin=70))
    address = f"/training/datasets/{dataset.pk}/"
    first, second = shown(page.get(address)), shown(page.get(address + "?page=2"))
    assert "Page 1 of 4" in first
    assert "Page 2 of 4" in second
    assert "Page 4 of 4" in shown(page.get(address + "?page=99999999"))
    for wrong in ("?page=x", "?page=-1", "?split=nothing", "?page=" + "9" * 30):
        assert "Page 1 of 4" in shown(page.get(address + wrong))
    assert (
        "Page" not in shown(page.get(address + "?split=test")).split("samples__meta")[-1].split("</main>")[0]
    )


def test_loading_and_failed_are_told(page: Client) -> None:
    loading = Dataset.objects.create(
        name="Loading", kind="hub", labels=["toxic"], statistics={"state": "loading", "wanted": {}}
    )
    failed = Dataset.objects.create(
        name="Failed",
        kind="hub",
        labels=["toxic"],
        statistics={"state": "failed", "problem": "the hub cannot be reached", "wanted": {}},
    )
    assert "Loading from the hub" in shown(page.get(f"/training/datasets/{loading.pk}/"))
    assert page.get(f"/training/datasets/{loading.pk}/", headers={"HX-Request": "true"}).status_code == 204
    text = shown(page.get(f"/training/datasets/{failed.pk}/"))
    assert "the hub cannot be reached" in text
    assert "Try again" in text
    assert page.post(f"/training/datasets/{failed.pk}/again/").status_code == 302
    failed.refresh_from_db()
    assert failed.state == "loading"
    assert "Loading" in shown(page.get("/training/datasets/"))


def test_lost_files_are_told_and_the_page_still_opens(page: Client, upload: MakeDataset) -> None:
    dataset = upload()
    for file in dataset.path.iterdir():
        file.unlink()
    assert "The files of this dataset are gone" in shown(page.get(f"/training/datasets/{dataset.pk}/"))


def test_a_data_set_is_made_the_test_set_and_another_one_deleted(page: Client, upload: MakeDataset) -> None:
    kept, gone = upload("Kept"), upload("Gone")
    text = shown(page.post(f"/training/datasets/{kept.pk}/test-set/", follow=True))
    assert "Every version is measured on" in text
    assert "Use as test set" not in text
    assert "Delete “Gone”?" in shown(page.get(f"/training/datasets/{gone.pk}/delete/"))
    assert "“Gone” is deleted." in shown(page.post(f"/training/datasets/{gone.pk}/delete/", follow=True))
    refused = shown(page.post(f"/training/datasets/{kept.pk}/delete/", follow=True))
    assert "Make another one the test set first" in refused
    assert page.get(f"/training/datasets/{gone.pk}/").status_code == 404


def test_a_mixture_is_made_of_two(page: Client, upload: MakeDataset) -> None:
    one, other = upload("One"), upload("Other", train=rows_of(60, begin=500))
    text = shown(page.get("/training/datasets/new/mixture/"))
    assert f'name="weight_{one.pk}"' in text
    address = "/training/datasets/new/mixture/"
    assert "Choose between 2 and 10" in shown(page.post(address, {"name": "M", f"weight_{one.pk}": "1"}), 422)
    made = {"name": "M", f"weight_{one.pk}": "1", f"weight_{other.pk}": "2.5"}
    made |= {f"cap_{one.pk}": "20", f"labels_{one.pk}": "toxic=rude", f"unknown_{other.pk}": "toxic"}
    wrong = {**made, f"cap_{one.pk}": "0", f"labels_{one.pk}": "hate=rude"}
    assert "greater than or equal to 1" in shown(page.post(address, wrong), 422)
    wrong[f"cap_{one.pk}"] = ""
    assert "has no label hate; it has: toxic" in shown(page.post(address, wrong), 422)
    text = shown(page.post(address, made, follow=True))
    assert "weight 2.500, 0 of toxic unknown" in text
    assert "weight 1, at most 20 rows, toxic as rude" in text
    assert "not to be passed on: it learned from" in text  # neither of them names a licence
    mixture = Dataset.objects.get(name="M")
    assert mixture.labels == ["toxic", "rude"]
    assert [(part["name"], part.get("most_rows")) for part in mixture.parts] == [("Other", None), ("One", 20)]


def test_the_known_hub_data_set_fills_the_form(page: Client) -> None:
    text = shown(page.get("/training/datasets/new/hub/?preset=wiki_toxic"))
    assert 'value="OxAISH-AL-LLM/wiki_toxic"' in text
    assert 'value="label=toxic"' in text
    assert "CC BY-SA 3.0" in text


def test_model_admins_and_admins_see_them_moderators_and_strangers_do_not(
    model_admin: User, moderator: User, stranger: User, upload: MakeDataset, redis_clean: None
) -> None:
    dataset = upload()
    dataset_make_test_set(dataset=dataset, by=None)
    admin = User.objects.create_user("an-admin")
    admin.groups.add(Group.objects.get(name=ADMIN))
    reads = ["", "new/", *(f"new/{kind}/" for kind in FORMS), f"{dataset.pk}/", f"{dataset.pk}/delete/"]
    for person, status in ((model_admin, 200), (admin, 200), (moderator, 403), (stranger, 403)):
        client = client_of(person)
        assert {client.get(f"/training/datasets/{path}").status_code for path in reads} == {status}
    for person in (moderator, stranger):
        for verb in ("test-set", "again", "delete"):
            assert client_of(person).post(f"/training/datasets/{dataset.pk}/{verb}/").status_code == 403
    assert Client().get("/training/datasets/").status_code == 302
    dataset.refresh_from_db()
    assert dataset.deleted_at is None
