"""The versions of a policy through the API: who, when, what changed, one by its number, and an old one again."""

from classifier.models import Comment, Policy, Source, SourceAccess, User
from classifier.tests.api.conftest import assert_problem
from classifier.tests.review.api.conftest import V1, Program

OF_TEST = f"{V1}policies/of/test/"
SITE = f"{V1}policies/site/"
BANDS = {"toxic": {"review": 0.5, "remove": 0.95}}


def saved(boss: Program, **fields: object) -> None:
    assert boss.change("put", OF_TEST, {"bands": BANDS, **fields}).status_code == 200


def test_versions_come_newest_first_with_what_each_changed(comment: Comment, boss: Program) -> None:
    assert boss.get(f"{OF_TEST}versions/").json() == {"items": [], "next": None}
    saved(boss, reasons=[{"code": "spam", "title": "Spam"}])
    saved(boss, bands={"toxic": {"review": 0.4}}, automatic=["approve"], note="Milder")
    newest, first = boss.get(f"{OF_TEST}versions/").json()["items"]
    assert (newest["version"], newest["in_force"], newest["created_by"]) == (2, True, "boss")
    assert newest["note"] == "Milder"
    assert newest["changes"] == [
        {"field": "bands.toxic.review", "before": 0.5, "after": 0.4},
        {"field": "bands.toxic.remove", "before": 0.95, "after": None},
        {"field": "automatic", "before": [], "after": ["approve"]},
        {"field": "reasons.spam", "before": "Spam", "after": None},
    ]
    assert (first["version"], first["in_force"], first["changes"]) == (1, False, None)


def test_pages_follow_each_other_and_each_row_knows_what_it_changed(comment: Comment, boss: Program) -> None:
    for days in range(1, 6):
        saved(boss, appeal_days=days)
    seen = []
    address: str | None = f"{OF_TEST}versions/?limit=2"
    while address:
        page = boss.get(address).json()
        seen += [(one["version"], one["changes"] and one["changes"][0]["before"]) for one in page["items"]]
        address = page["next"]
    assert seen == [(5, 4), (4, 3), (3, 2), (2, 1), (1, None)]
    assert_problem(boss.get(f"{OF_TEST}versions/?cursor=x"), 400, "invalid-request")


def test_one_version_is_read_by_its_number(comment: Comment, lead: Program, boss: Program) -> None:
    saved(boss)
    saved(boss, appeal_days=3)
    one = lead.get(f"{OF_TEST}versions/1/").json()
    assert (one["version"], one["appeal_days"], one["in_force"]) == (1, 14, False)
    assert lead.get(f"{SITE}versions/1/").json()["source"] is None
    for number in ("3", "0", "99999999999"):
        assert_problem(lead.get(f"{OF_TEST}versions/{number}/"), 404, "not-found")


def test_an_old_version_is_in_force_again(comment: Comment, boss: Program) -> None:
    saved(boss, appeal_days=3)
    saved(boss, appeal_days=5)
    read = {"If-Match": boss.get(OF_TEST).headers["ETag"]}
    answer = boss.post(f"{OF_TEST}versions/1/restore/", {"note": "Too long"}, **read)
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["appeal_days"]) == (3, 3)
    assert answer.json()["note"] == "Too long"
    assert_problem(boss.post(f"{OF_TEST}versions/1/restore/", {}, **read), 412, "changed-meanwhile")
    assert boss.post(f"{OF_TEST}versions/1/restore/", {}).json()["note"] == "Version 1 again"
    assert Policy.objects.filter(source__slug="test").count() == 4


def test_leads_read_versions_and_restore_none(comment: Comment, lead: Program, boss: Program) -> None:
    saved(boss)
    assert lead.get(f"{OF_TEST}versions/").status_code == 200
    assert_problem(lead.post(f"{OF_TEST}versions/1/restore/", {}), 403, "forbidden")


def test_versions_of_a_source_that_one_does_not_see_are_not_there(comment: Comment, boss: Program) -> None:
    saved(boss)
    SourceAccess.objects.create(user=boss.user, source=Source.objects.create(slug="shop", name="Shop"))
    User.objects.filter(pk=boss.user.pk).update(all_sources=False)
    for path in ("versions/", "versions/1/"):
        assert_problem(boss.get(f"{OF_TEST}{path}"), 404, "not-found")
    assert_problem(boss.post(f"{OF_TEST}versions/1/restore/", {}), 404, "not-found")
    assert_problem(boss.post(f"{SITE}versions/1/restore/", {}), 403, "forbidden")
