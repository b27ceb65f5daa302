"""Nothing that a user or a program relies on goes away by accident: today's surface beside the last release's."""

import pytest

from toxicsite.tests.contract.surface import FOLDER, SURFACES, flat, lost, read, write

REMOVED = FOLDER / "removed.txt"
HOW = (
    "{count} things of the last release are gone from {name}:\n{lost}\n"
    "Bring them back. If one was removed on purpose, add its line to toxicsite/tests/contract/removed.txt with the "
    "reason after a #, and tell users of it in CHANGELOG.md."
)


def recorded() -> dict[str, str]:
    """Map each line of removed.txt to its reason."""
    lines = [line.partition("#") for line in REMOVED.read_text().splitlines() if not line.startswith("#")]
    return {line.strip(): reason.strip() for line, _, reason in lines if line.strip()}


@pytest.mark.parametrize("name", SURFACES)
def test_what_the_last_release_offered_is_still_there(name: str) -> None:
    missing = [line for line in lost(name, read(name), SURFACES[name]()) if line not in recorded()]
    assert not missing, HOW.format(count=len(missing), name=name, lost="\n".join(missing))


def test_a_recorded_removal_is_real_and_has_a_reason() -> None:
    gone = {line for name in SURFACES for line in lost(name, read(name), SURFACES[name]())}
    for line, reason in recorded().items():
        assert line in gone, f"removed.txt tells of a removal that did not happen: {line}"
        assert reason, f"removed.txt gives no reason for: {line}"


def test_a_head_and_an_item_that_go_away_are_told_once_each_and_new_ones_not_at_all() -> None:
    before = {"GET /a": {"200@Thing", "query:limit"}, "GET /b": {"200@Thing"}, "@Thing": {".id", ".name"}}
    after = {
        "GET /a": {"200@Other", "query:limit", "query:new"},
        "GET /c": {"200"},
        "@Other": {".id", ".more"},
    }
    assert lost("api", before, after) == ["api  GET /a  200.name", "api  GET /b"]


def test_a_shape_that_holds_itself_is_followed_once() -> None:
    assert flat({"GET /a": {"200@Tree"}, "@Tree": {".id", ".below[]@Tree"}}) == {
        "GET /a": {"200", "200.id", "200.below[]"}
    }


def test_a_snapshot_is_read_as_it_was_written(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    surface = {"GET /a": {f"query:parameter-{number}" for number in range(40)}, "make run": set()}
    monkeypatch.setattr("toxicsite.tests.contract.surface.FOLDER", tmp_path)
    write("some", surface)
    assert read("some") == surface
