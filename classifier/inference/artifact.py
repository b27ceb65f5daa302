"""A model's folder: its manifest, and the check that its files match.

Nothing here runs a model, so the web process may read a manifest. A folder may come from anywhere: only known kinds of
files are accepted (never pickle or code), none may be unlisted, linked or elsewhere, and all sizes are bounded.
"""

import hashlib
import json
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from classifier.inference.errors import ArtifactInvalid, ArtifactMismatch, InferenceError
from classifier.inference.language import normal_tag
from classifier.inference.operating_points import LabelPoints, read_operating_points
from classifier.inference.tensors import check_weights

MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
REQUIRED_FILES = (WEIGHTS, "config.json", "tokenizer.json")
MAX_JSON_BYTES = {MANIFEST: 1 << 20, "config.json": 1 << 20}
MAX_TOKENIZER_BYTES = 64 << 20
MAX_WEIGHTS_BYTES = 8 << 30
MAX_OTHER_BYTES = 16 << 20
MAX_FILES = 64
MAX_LABELS = 64
MAX_LENGTH = 8_192
MAX_LANGUAGES = 200
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SUFFIXES = (".json", ".safetensors", ".md", ".txt", ".model", ".png", ".svg")
_WITHOUT_SUFFIX = ("LICENSE", "NOTICE", ".gitattributes", ".gitkeep")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class VersionUnknown(InferenceError):
    """No folder holds the version that was asked for."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What the manifest promises about one file."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ConcernOutput:
    """The output beside those of the labels: that a text tells of its author's own hurt, as a logit.

    `output` is its column, the last one; a probability at or above `threshold` makes the text a concern.
    """

    output: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """The checked content of `manifest.json`; `raw` keeps everything, known or not."""

    name: str
    version: str
    created: str
    labels: tuple[str, ...]
    activation: Literal["sigmoid", "softmax"]
    primary_label: str
    thresholds: Mapping[str, float]
    max_length: int
    languages: tuple[str, ...]
    files: Mapping[str, FileEntry]
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    window_length: int | None = None
    """Wordpieces of a window of a long text, with the special ones; None: the program's own choice."""
    operating_points: Mapping[str, LabelPoints] = field(default_factory=dict)
    """Careful, balanced and strict thresholds by label; empty where the artifact has none."""
    concern: ConcernOutput | None = None
    experimental_languages: tuple[str, ...] = ()
    """Languages that it reads without being measured well enough in them, or measured on rows of unknown sources."""

    @property
    def weights_sha256(self) -> str:
        return self.files[WEIGHTS].sha256

    @property
    def outputs(self) -> int:
        """How many logits the model gives for a text."""
        if self.activation == "softmax":
            return 2
        return len(self.labels) + (self.concern is not None)


def load_manifest(path: Path | str) -> Manifest:
    """Return the folder's manifest, checked field by field; the other files are not looked at (see `verify`)."""
    folder = Path(path)
    if not folder.is_dir():
        raise ArtifactInvalid(f"{folder} is not a folder; a model is a folder with {MANIFEST} in it")
    raw = read_json(folder, MANIFEST)
    try:
        return parse_manifest(raw)
    except (ArtifactInvalid, ArtifactMismatch) as error:
        raise type(error)(f"{MANIFEST} in {folder}: {error}") from None


def verify(path: Path | str) -> Manifest:
    """Return the folder's manifest, once every file has been hashed and the weights' table of contents makes sense."""
    folder = Path(path)
    manifest = load_manifest(folder)
    _check_listing(folder, manifest)
    for name in manifest.files:
        _check_bytes(folder, manifest, name)
    check_weights(folder / WEIGHTS, read_json(folder, "config.json"), manifest.outputs, manifest.max_length)
    return manifest


def damage(path: Path | str, promised: Manifest) -> list[str]:
    """Return a sentence for each file in `path` that does not match `promised`; empty when all are whole.

    Unlike `verify` it trusts no manifest in the folder, and goes on after the first file.
    """
    folder = Path(path)
    if not folder.is_dir():
        return [f"{folder} is missing, or no folder"]
    problems = []
    try:
        if read_json(folder, MANIFEST) != dict(promised.raw):
            problems.append(f"{MANIFEST} in {folder} is not the one that was registered")
    except ArtifactInvalid as error:
        problems.append(str(error))
    for name in promised.files:
        try:
            _check_bytes(folder, promised, name)
        except (ArtifactInvalid, ArtifactMismatch) as error:
            problems.append(str(error))
    if not problems:
        try:
            _check_listing(folder, promised)
        except ArtifactInvalid as error:
            problems.append(str(error))
    return problems


def find_version(version: str, places: Iterable[Path]) -> Path:
    """Return the folder called `version`, or the one of it among `places` (model folders, or parents of them)."""
    folder = Path(version)
    if (folder / MANIFEST).is_file():
        return folder
    known = {}
    for root in places:
        for candidate in [root, *(sorted(root.iterdir()) if root.is_dir() else [])]:
            if not (candidate / MANIFEST).is_file():
                continue
            try:
                known[load_manifest(candidate).version] = candidate
            except InferenceError:
                continue
    if version not in known:
        names = ", ".join(sorted(known)) or "none"
        raise VersionUnknown(f"{version!r} is neither a model folder nor a known version (known: {names})")
    return known[version]


def read_verified(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return one file's bytes, hashed after reading: what is loaded is what was promised, whatever happens on disk."""
    try:
        data = _plain_file(folder, name).read_bytes()
    except OSError as error:
        raise _unreadable(folder, name, error) from None
    if hashlib.sha256(data).hexdigest() != manifest.files[name].sha256:
        raise ArtifactMismatch(f"{name} in {folder} changed while it was being loaded")
    return data


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Return a JSON object from a file of bounded size."""
    path = _plain_file(folder, name)
    limit = MAX_JSON_BYTES.get(name, MAX_OTHER_BYTES)
    size = path.stat().st_size
    if size > limit:
        raise ArtifactInvalid(f"{name} in {folder} has {size:,} bytes, at most {limit:,} are accepted")
    try:
        value = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise _unreadable(folder, name, error) from None
    except (ValueError, RecursionError) as error:
        raise ArtifactInvalid(f"{name} in {folder} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ArtifactInvalid(f"{name} in {folder} holds no JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def parse_manifest(raw: Mapping[str, Any]) -> Manifest:
    """Return the manifest's fields with their types and mutual agreement checked."""
    if raw.get("format") != 1 or isinstance(raw["format"], bool):
        raise ArtifactInvalid(
            f"manifest format {raw.get('format')!r} is not known; this program reads format 1"
        )
    version = _text(raw, "version", _VERSION)
    name = _text(raw, "name", _VERSION)
    labels = raw.get("labels")
    if (
        not isinstance(labels, list)
        or not 1 <= len(labels) <= MAX_LABELS
        or not all(isinstance(label, str) and _LABEL.fullmatch(label) for label in labels)
        or len(set(labels)) != len(labels)
    ):
        raise ArtifactInvalid(f"manifest field labels must be 1 to {MAX_LABELS} different names")
    activation = raw.get("activation")
    if activation not in ("sigmoid", "softmax"):
        raise ArtifactInvalid("manifest field activation must be sigmoid or softmax")
    if activation == "softmax" and len(labels) != 1:
        raise ArtifactInvalid("a softmax model has exactly one label (the second of its two classes)")
    primary = raw.get("primary_label")
    if not isinstance(primary, str) or primary not in labels:
        raise ArtifactInvalid("manifest field primary_label must be one of labels")
    thresholds = raw.get("thresholds")
    if not isinstance(thresholds, dict) or set(thresholds) != set(labels):
        raise ArtifactInvalid("manifest field thresholds must hold one number for each label")
    for label, value in thresholds.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
            raise ArtifactInvalid(f"manifest threshold of {label} must be a number from 0 to 1")
    max_length = raw.get("max_length")
    if isinstance(max_length, bool) or not isinstance(max_length, int) or not 8 <= max_length <= MAX_LENGTH:
        raise ArtifactInvalid(f"manifest field max_length must be a whole number from 8 to {MAX_LENGTH}")
    window = raw.get("window_length")
    if window is not None and (
        isinstance(window, bool) or not isinstance(window, int) or not 8 <= window <= max_length
    ):
        raise ArtifactInvalid(f"manifest field window_length must be a whole number from 8 to {max_length}")
    languages = _languages(raw.get("languages"), "languages")
    experimental = _languages(raw.get("experimental_languages"), "experimental_languages")
    if both := sorted(set(languages) & set(experimental)):
        raise ArtifactInvalid(
            f"manifest field experimental_languages must not repeat {', '.join(both)} of languages"
        )
    concern = _concern(raw.get("concern"), activation, len(labels))
    files = _files(raw.get("files"))
    digest = files[WEIGHTS].sha256[:8]
    if version != f"{name}-{digest}":
        raise ArtifactMismatch(f"manifest version {version} is not name and weights' hash, {name}-{digest}")
    return Manifest(
        name=name,
        version=version,
        created=str(raw.get("created", "")),
        labels=tuple(labels),
        activation=activation,
        primary_label=primary,
        thresholds={label: float(thresholds[label]) for label in labels},
        max_length=max_length,
        languages=languages,
        experimental_languages=experimental,
        files=files,
        raw=raw,
        window_length=window,
        operating_points=read_operating_points(raw.get("operating_points"), thresholds),
        concern=concern,
    )


def _concern(value: Any, activation: str, labels: int) -> ConcernOutput | None:
    """Return the output for concerns, which follows those of the labels; None where the model has none."""
    if value is None:
        return None
    if activation == "softmax":
        raise ArtifactInvalid(
            "manifest field concern is not possible in a softmax model: give the model sigmoid outputs, or leave it out"
        )
    if not isinstance(value, dict):
        raise ArtifactInvalid("manifest field concern must be an object with output and threshold")
    output, threshold = value.get("output"), value.get("threshold")
    if isinstance(output, bool) or output != labels:
        raise ArtifactInvalid(
            f"manifest field concern.output must be {labels}, the output after those of labels"
        )
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0.0 <= threshold <= 1.0:
        raise ArtifactInvalid("manifest field concern.threshold must be a number from 0 to 1")
    return ConcernOutput(labels, float(threshold))


def _languages(value: Any, field: str) -> tuple[str, ...]:
    """Return the language tags in a field of the manifest; none where it does not say."""
    if value is None:
        return ()
    try:
        if not isinstance(value, list) or len(value) > MAX_LANGUAGES:
            raise ValueError(value)
        return tuple(normal_tag(tag) for tag in value)
    except (ValueError, AttributeError, TypeError):
        raise ArtifactInvalid(
            f"manifest field {field} must be a list of at most {MAX_LANGUAGES} language tags, such as en or pt-BR"
        ) from None


def _text(raw: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ArtifactInvalid(
            f"manifest field {name} must be letters, digits, '.', '_' and '-', starting with one of the first two"
        )
    return value


def _files(raw: object) -> dict[str, FileEntry]:
    if not isinstance(raw, dict) or len(raw) > MAX_FILES:
        raise ArtifactInvalid(f"manifest field files must be an object of at most {MAX_FILES} files")
    files = {}
    for name, entry in raw.items():
        if not acceptable_name(name) or name == MANIFEST:
            raise ArtifactInvalid(
                f"manifest lists {name!r}, a kind of file that a model folder must not hold"
            )
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("sha256"), str)
            or not _SHA256.fullmatch(entry["sha256"])
            or isinstance(entry.get("bytes"), bool)
            or not isinstance(entry.get("bytes"), int)
        ):
            raise ArtifactInvalid(
                f"manifest entry of {name} must hold sha256 (64 hex digits) and bytes (a number)"
            )
        limit = size_limit(name)
        if not 0 <= entry["bytes"] <= limit:
            raise ArtifactInvalid(
                f"manifest says {name} has {entry['bytes']} bytes; 0 to {limit:,} are accepted"
            )
        files[name] = FileEntry(entry["sha256"], entry["bytes"])
    missing = [name for name in REQUIRED_FILES if name not in files]
    if missing:
        raise ArtifactInvalid(f"manifest does not list {', '.join(missing)}")
    return files


def acceptable_name(name: str) -> bool:
    """Return whether a model folder may hold a file of this name: a plain name, and data rather than code or pickle."""
    return name in _WITHOUT_SUFFIX or (_FILE_NAME.fullmatch(name) is not None and name.endswith(_SUFFIXES))


def size_limit(name: str) -> int:
    """Return the most bytes that a file of this name may have."""
    if name in MAX_JSON_BYTES:
        return MAX_JSON_BYTES[name]
    if name.endswith(".safetensors"):
        return MAX_WEIGHTS_BYTES
    return MAX_TOKENIZER_BYTES if name == "tokenizer.json" else MAX_OTHER_BYTES


def _check_listing(folder: Path, manifest: Manifest) -> None:
    try:
        present = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise ArtifactInvalid(f"{folder} cannot be read: {error.strerror}") from None
    unlisted = sorted(present - set(manifest.files) - {MANIFEST})
    if unlisted:
        raise ArtifactInvalid(
            f"{folder} holds files that its manifest does not list: {', '.join(unlisted[:5])}"
        )
    missing = sorted(set(manifest.files) - present)
    if missing:
        raise ArtifactInvalid(f"{folder} lacks {', '.join(missing[:5])}, which its manifest lists")


def _check_bytes(folder: Path, manifest: Manifest, name: str) -> None:
    path, entry = _plain_file(folder, name), manifest.files[name]
    if path.stat().st_size != entry.bytes:
        raise ArtifactMismatch(
            f"{name} in {folder} has {path.stat().st_size:,} bytes, its manifest says {entry.bytes:,}"
        )
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(folder, name, error) from None
    if digest != entry.sha256:
        raise ArtifactMismatch(f"{name} in {folder} is not the file of its manifest: its sha256 is {digest}")


def _plain_file(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise _unreadable(folder, name, error) from None
    if not stat.S_ISREG(mode):
        raise ArtifactInvalid(f"{name} in {folder} is not a plain file")
    return path


def _unreadable(folder: Path, name: str, error: OSError) -> ArtifactInvalid:
    return ArtifactInvalid(f"{name} in {folder} cannot be read: {error.strerror}")
