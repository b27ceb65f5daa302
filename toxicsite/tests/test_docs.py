"""The docs say what the code does: every command, address, path, setting and name in them is checked against it.

Commands that need no server and little time are run; they stand below a comment `<!-- the test runs this -->`.
"""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import re
import shlex
import subprocess
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.urls import Resolver404, resolve

from classifier.inference.score_command import Defaults, add_arguments
from toxicsite.launcher.environment import PROJECT

DOCS = PROJECT / "docs"
ROOT_PAGES = [PROJECT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT_PAGES])
RUNS = "<!-- the test runs this -->"
PYTHON = ".venv/bin/python"
SERVED = ("/healthz", "/readyz", "/metrics", "/api/v1/")  # answered by middleware; the beginning of others
# Programs of the machine: what they do is not ours to check.
OTHERS = {
    "apt-get",
    "cat",
    "cd",
    "export",
    "git",
    "mkdir",
    "openssl",
    "pipx",
    "pre-commit",
    "printf",
    "sqlite3",
    "tar",
}
ENVIRONMENT_OF_COMMANDS = {"VAR_DIR", "PORT", "BIND", "DATA", "BASE", "PGBIN", "DATABASE"}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; `place` is for messages."""

    place: str
    language: str
    text: str
    runs: bool


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            indent = len(match[1])
            body = "\n".join(line[indent:] for line in match[3].splitlines())
            number = text[: match.start()].count("\n") + 1
            before = text[: match.start()].rstrip()
            place = f"{page.relative_to(PROJECT)}:{number}"
            yield Block(place, match[2], body, before.endswith(RUNS))


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield (place, words) of each command in a shell block; what stands around pipes counts as several."""
    for block in blocks():
        if block.language != "sh":
            continue
        for line in _lines(block.text):
            words: list[str] = []
            for word in [*_words(line, block.place), "|"]:
                if word in ("|", "||", "&&", ";"):
                    if words:
                        yield f"{block.place}: {line}", words
                    words = []
                else:
                    words.append(word)


def _lines(text: str) -> Iterator[str]:
    """Yield the commands of a block, with lines that go on (a backslash, an open quote) joined."""
    waiting = ""
    for line in text.splitlines():
        waiting = f"{waiting}\n{line}" if waiting else line
        if waiting.endswith("\\"):
            waiting = waiting[:-1]
            continue
        try:
            shlex.split(waiting)
        except ValueError:
            continue
        if waiting.strip():
            yield waiting
        waiting = ""
    assert not waiting, f"an open quote: {waiting}"


def _words(line: str, place: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise AssertionError(f"{place}: {line}: {error}") from None


def check(words: list[str]) -> str:
    """Say what is wrong with a command, or nothing."""
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0], re.DOTALL):
        if words[0].split("=")[0] not in ENVIRONMENT_OF_COMMANDS:
            return f"{words[0]} is no setting of a command"
        words = words[1:]
    if not words or words[0] in OTHERS or words[0].startswith("$PGBIN/"):
        return ""
    program, *rest = words
    if program == "make":
        return _make(rest)
    if program == "curl":
        return _curl(rest)
    if program == "docker":
        return _docker(rest)
    if program == PYTHON:
        return _python(rest)
    if program == "toxicsite-score":
        return _score(rest)
    if program.startswith(".venv/bin/"):
        return "" if (PROJECT / program).is_file() else f"{program} is not installed"
    return f"{program} is a program that this test does not know"


def _make(words: list[str]) -> str:
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"make has no target {', '.join(unknown)}" if unknown else ""


def _score(words: list[str]) -> str:
    parser = ArgumentParser(exit_on_error=False)
    add_arguments(parser, Defaults(Path(), ()))
    parser.add_argument("--models")
    unknown = parser.parse_known_args([word for word in words if word.strip()])[1]
    return f"toxicsite-score has no {', '.join(unknown)}" if unknown else ""


def _python(words: list[str]) -> str:
    if words[0] == "manage.py":
        return _manage(words[1:])
    if words[0] != "-m":
        return f"{words[0]} is nothing that Python is told to run here"
    module, *rest = words[1:]
    if module == "pytest":
        paths = [word for word in rest if "/" in word or word in ("classifier", "training")]
        return "".join(f"{path} is not there" for path in paths if not _is_there(path))
    if module == "toxicsite.launcher":
        text = (PROJECT / "toxicsite/launcher/__main__.py").read_text(encoding="utf-8")
        if f'"{rest[0]}"' not in text:
            return f"the launcher knows no {rest[0]}"
        return check(rest[2:]) if rest[1:2] == ["--"] else ""
    if module == "celery" and "-Q" in rest:
        queue = rest[rest.index("-Q") + 1]
        known = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
        return "" if queue in known else f"no task goes to the queue {queue}"
    if module.startswith(("toxicsite", "training", "classifier")):
        return "" if importlib.util.find_spec(module) else f"there is no module {module}"
    return "" if importlib.util.find_spec(module.split(".")[0]) else f"{module} is not installed"


def _is_there(path: str) -> bool:
    """Return whether a path of the repository exists, or is one that the first change makes."""
    made = re.findall(r"^Make `([^`]+)`", (DOCS / "develop/first-change.md").read_text(), re.MULTILINE)
    return path in made or (PROJECT / path).exists()


def _manage(words: list[str]) -> str:
    """Let the command's own parser read the line; where it has another kind of parser, look at its help."""
    name, *rest = words
    applications = get_commands()
    if name == "help":
        return ""
    if name not in applications:
        return f"manage.py has no command {name}"
    command = load_command_class(applications[name], name)
    parser: Any = command.create_parser("manage.py", name)
    if isinstance(parser, ArgumentParser):
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                parser.parse_args(_without_redirection(rest))
        except (CommandError, SystemExit) as error:
            return f"manage.py {name}: {error} {said.getvalue()}"
        return ""
    return _help_names(command, name, rest)


def _help_names(command: Any, name: str, rest: list[str]) -> str:
    verbs = [word for word in rest[:1] if not word.startswith("-")]
    shown = io.StringIO()
    with (
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
        contextlib.suppress(SystemExit),
    ):
        command.run_from_argv(["manage.py", name, *verbs, "--help"])
    wrong = [word for word in rest if word.startswith("--") and word.split("=")[0] not in shown.getvalue()]
    return f"manage.py {name} {' '.join(verbs)} has no {', '.join(wrong)}" if wrong else ""


def _without_redirection(words: list[str]) -> list[str]:
    return words[: words.index(">")] if ">" in words else words


def _curl(words: list[str]) -> str:
    for place, word in enumerate(words):
        if word.startswith("http://localhost:8000/"):
            if problem := address_problem(word.removeprefix("http://localhost:8000").split("?")[0]):
                return problem
        elif words[place - 1] == "-d" and place:
            try:
                json.loads(word)
            except ValueError as error:
                return f"the body is no JSON: {error}"
    return ""


def _docker(words: list[str]) -> str:
    services = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    if words[:2] == ["compose", "exec"]:
        named = [words[3] if words[2] == "-T" else words[2]]
    elif words[:2] == ["compose", "logs"]:
        named = words[2:]
    else:
        named = [word.split("=")[0] for word in words if re.fullmatch(r"[a-z-]+=\d+", word)]
    unknown = [name for name in named if name not in services]
    return f"docker-compose.yml has no service {', '.join(unknown)}" if unknown else ""


def address_problem(path: str) -> str:
    """Say that nothing answers at `path`; `{name}` stands for a number, a slug or a version."""
    if path in SERVED:
        return ""
    for value in ("1", "site"):
        with contextlib.suppress(Resolver404):
            match = resolve(re.sub(r"\{[a-z_]+\}", value, path))
            if not path.startswith("/api/") or match.func.__name__ != "lost":
                return ""
    return f"nothing answers at {path}"


def in_backticks() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of every code span outside of fenced blocks."""
    for page in PAGES:
        text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), page.read_text(encoding="utf-8"))
        for match in re.finditer(r"`([^`]+)`", text):
            number = text[: match.start()].count("\n") + 1
            yield f"{page.relative_to(PROJECT)}:{number}", " ".join(match[1].split())


def test_every_command_is_one_that_the_code_knows() -> None:
    found = list(commands())
    assert len(found) > 100
    assert [f"{place}: {problem}" for place, words in found if (problem := check(words))] == []


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    for line in (
        "make nothing",
        ".venv/bin/python manage.py score --loud text",
        ".venv/bin/python manage.py dataset mix a:1",
        "toxicsite-score --loud text",
        ".venv/bin/python manage.py no_such_command",
        ".venv/bin/python -m celery -A toxicsite worker -Q nowhere",
        ".venv/bin/python -m pytest -q classifier/tests/nowhere",
        "curl http://localhost:8000/api/v1/nowhere/",
        "curl http://localhost:8000/api/v1/score/ -d '{text}'",
        "docker compose logs nowhere",
        "wget http://localhost:8000/",
    ):
        assert check(shlex.split(line)), line


def test_commands_that_need_no_server_run() -> None:
    ran = 0
    for block in blocks():
        for line in _lines(block.text) if block.runs else ():
            assert _output(shlex.split(line)).strip(), f"{block.place}: {line}"
            ran += 1
    assert ran >= 3


def _output(words: list[str]) -> str:
    """What a command prints; those of manage.py run in this process, which has loaded what they need."""
    if words[:2] == [PYTHON, "manage.py"]:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            call_command(words[2], *words[3:], stdout=shown)
        return shown.getvalue()
    return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout


def test_code_in_python_and_json_can_be_read() -> None:
    for block in blocks():
        if block.language == "python":
            ast.parse(block.text, block.place)
        elif block.language == "json":
            json.loads(block.text)


def test_every_address_in_the_text_answers() -> None:
    addresses = [
        (place, text.split()[-1].split("?")[0])
        for place, text in in_backticks()
        if re.fullmatch(r"((GET|POST|PUT|PATCH|DELETE) )?/[a-z$][\w$/{}:.?=-]*", text)
    ]
    assert len(addresses) > 20
    wrong = [f"{place}: {problem}" for place, path in addresses if (problem := address_problem(path))]
    assert wrong == []


def test_every_path_in_the_text_is_there() -> None:
    """Check only what begins like a path of the repository; words in capitals stand for anything."""
    top = (
        "classifier",
        "training",
        "toxicsite",
        "templates",
        "static",
        "models",
        "benchmarks",
        "docs",
        "deploy",
    )
    wrong = []
    for place, text in in_backticks():
        is_path = text.split("/")[0] in top and "/" in text and not re.search(r"[A-Z<]{2}|[{*… ]", text)
        if is_path and not _is_there(text):
            wrong.append(f"{place}: {text}")
    assert wrong == []


def test_every_link_of_the_pages_outside_of_docs_leads_somewhere() -> None:
    """Sphinx follows the links within docs/ itself."""
    links = [
        (page, link)
        for page in ROOT_PAGES
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if not link.startswith("http")
    ]
    assert len(links) > 20
    assert [f"{page.name}: {link}" for page, link in links if not (PROJECT / link).exists()] == []


def test_every_setting_in_the_text_exists() -> None:
    known = set(re.findall(r"^([A-Z0-9_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    others = {"NAME", "NAME_FILE", "EXTRA_INDEX_URL", "TOXICSITE_URL", "TOXICSITE_KEY", "CORS_URLS_REGEX"}
    dialects = inspect.getsource(importlib.import_module("classifier.dialects.labels"))
    attributes = set(re.findall(r'"([A-Z_]+)"', dialects))
    of_perspective = {"NAME_EXPERIMENTAL", "PROBABILITY", "COMMENT_ANALYZER_URL"}
    no_settings = {"COLUMN", "LABEL", "LICENSE", "MAJOR", "DEBUG", "INFO", "WARNING", "ERROR"}
    allowed = known | others | attributes | of_perspective | no_settings | ENVIRONMENT_OF_COMMANDS
    wrong = [
        f"{place}: {text}"
        for place, text in in_backticks()
        if re.fullmatch(r"[A-Z][A-Z0-9_]{3,}(=.*)?", text) and text.split("=")[0] not in allowed
    ]
    assert wrong == []


def test_configure_lists_every_setting_with_its_default() -> None:
    page = (DOCS / "operate/configure.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`(.*?)`)? ?\| .{5,} \|$", page, re.MULTILINE))
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    known = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))
    missing = [f"| `{name}` | `{value}` | … |" for name, value in known.items() if name not in told]
    assert missing == [], "rows that docs/operate/configure.md lacks"
    assert told == known


@pytest.mark.parametrize(
    ("page", "module", "names"),
    [
        ("api/errors.md", "classifier.api.problems", lambda m: [kind.slug for kind in m.KINDS]),
        ("api/webhooks.md", "classifier.models", lambda m: m.WebhookEventType.values),
        ("operate/users.md", "classifier.models", lambda m: m.ApiScope.values),
        ("operate/metrics.md", "toxicsite.lib.metrics", lambda m: [d.name for d in m.DEFINITIONS]),
        ("operate/scale.md", "classifier.inference.backends", lambda m: m.NAMES),
        ("train/recipes.md", "training.ml.recipes.registry", lambda m: list(m.RECIPES)),
        ("train/sweeps.md", "training.ml.search.objectives", lambda m: list(m.DIRECTIONS)),
        ("migrate/perspective.md", "classifier.dialects.labels", lambda m: list(m.PERSPECTIVE)),
    ],
)
def test_a_page_names_everything_that_the_code_knows(page: str, module: str, names: Any) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [name for name in names(importlib.import_module(module)) if f"`{name}`" not in text] == []


def test_the_roles_are_those_of_the_code() -> None:
    roles = importlib.import_module("classifier.accounts.roles").ROLE_PERMISSIONS
    text = (DOCS / "operate/users.md").read_text(encoding="utf-8")
    assert [role for role in roles if f"| {role} |" not in text] == []


def test_the_diffs_of_the_first_change_apply(tmp_path: Path) -> None:
    page = DOCS / "develop/first-change.md"
    text = page.read_text(encoding="utf-8")
    diffs = [match[3] for match in FENCE.finditer(text) if match[2] == "diff"]
    assert len(diffs) >= 5
    for number, diff in enumerate(diffs):
        patch = tmp_path / f"{number}.diff"
        patch.write_text(diff, encoding="utf-8")
        done = subprocess.run(
            ["git", "apply", "--check", str(patch)], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{page.name}: {done.stderr}\n{diff}"


def test_every_decision_has_its_parts_and_stands_in_the_list() -> None:
    index = (DOCS / "decisions/index.md").read_text(encoding="utf-8")
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04d}" for n in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE), page.name
        assert [part for part in ("Context", "Decision", "Consequence") if f"## {part}" not in text] == []
        assert f"({page.name})" in index, page.name


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    assert f"image: toxicsite:{version}" in (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_workflows_call_commands_that_are_there() -> None:
    for path in [*(PROJECT / ".github").rglob("*.yml"), PROJECT / ".pre-commit-config.yaml"]:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        for job in found.get("jobs", {}).values():
            for step in job["steps"]:
                if (run := step.get("run", "")).startswith("make "):
                    assert _make(shlex.split(run)[1:]) == "", f"{path.name}: {run}"
        for repository in found.get("repos", []):
            assert repository["repo"] == "local"
            for hook in repository["hooks"]:
                assert check(shlex.split(hook["entry"])) == "", hook["entry"]
