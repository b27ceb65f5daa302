"""Programs that speak Perspective: where the base URL is set, what each asks for, and what it needs here.

All of it was read in the public source of each, in November 2026. A number after the name of a file is the line; a
newer copy may have moved it. `{base}` stands for the address of this server.
"""

from dataclasses import dataclass
from enum import Enum

SIX = "TOXICITY, SEVERE_TOXICITY, IDENTITY_ATTACK, INSULT, PROFANITY, THREAT"
EIGHT = f"{SIX}, SEXUALLY_EXPLICIT, FLIRTATION"
LEFT_OUT = "Missing attributes: left out (the default)."
CONSTANT = "Missing attributes: a constant, if you keep asking for one without a label."
NOTHING = "Nothing: the defaults do."
CALLERS = "What the caller asks for."
UNREAD = "Not looked up."
PUBLISHED = "The comment is published unscored"


class Works(Enum):
    """Whether a program works here with its base URL and key changed."""

    YES = "Yes"
    WITH_SETTING = "With a setting"

    @property
    def colour(self) -> str:
        return "on" if self is Works.YES else "off"


class Kind(Enum):
    COMMENTS = "Comment systems"
    BOTS = "Bots, games and tools"
    LIBRARIES = "Libraries"


@dataclass(frozen=True)
class Program:
    """One program. `change` is the new value at `place`, or the line after the change; "" where there is none.

    `agents` are the prefixes of user agents that identify it; only names that no other program uses.
    """

    kind: Kind
    name: str
    where: str
    place: str
    change: str
    asks: str
    on_error: str
    needs: str = NOTHING
    works: Works = Works.YES
    note: str = ""
    agents: tuple[str, ...] = ()


ANALYZE = "{base}/v1alpha1/comments:analyze"
DISCOVERY = "{base}/$discovery/rest?version=v1alpha1"

PROGRAMS: tuple[Program, ...] = (
    Program(
        Kind.COMMENTS,
        "Coral 5 and later",
        "github.com/coralproject/talk",
        "Setting: Configure, Moderation, Toxic comment filter, Custom endpoint",
        "{base}/v1alpha1",
        "One attribute, TOXICITY unless another is chosen; the language of the site: es, fr, de, pt, else en.",
        f"{PUBLISHED}; the fault is only logged. The same after 800 ms (PERSPECTIVE_TIMEOUT).",
        "The scope submit, where Coral sends moderators' decisions back.",
        Works.YES,
        "A site in Spanish, French, German or Portuguese needs a model declared for it: otherwise every call is "
        "refused, and Coral publishes.",
        ("Coral Perspective/",),
    ),
    Program(
        Kind.COMMENTS,
        "Talk 4, plugin toxic comments",
        "github.com/coralproject/talk, plugins/talk-plugin-toxic-comments",
        "Environment: TALK_PERSPECTIVE_API_ENDPOINT, and the key in TALK_PERSPECTIVE_API_KEY",
        "TALK_PERSPECTIVE_API_ENDPOINT={base}/v1alpha1",
        "TOXICITY and SEVERE_TOXICITY (TALK_PERSPECTIVE_MODEL); en.",
        f"{PUBLISHED}, with a warning in the log. The same after 300 ms: raise TALK_PERSPECTIVE_TIMEOUT.",
        "The scope submit, where TALK_PERSPECTIVE_SEND_FEEDBACK is on; it sends APPROVED, DELETED and HIGHLIGHTED.",
    ),
    Program(
        Kind.COMMENTS,
        "Talk 4, study plugin",
        "github.com/coralproject/talk-plugin-toxic-comments-study",
        "Constant: index.js, the address of its only fetch",
        "{base}/v1alpha1/comments:suggestscore?key=…",
        "Scores nothing; sends APPROVED, DELETED and HIGHLIGHTED to suggestscore.",
        UNREAD,
        "The scope submit.",
    ),
    Program(
        Kind.COMMENTS,
        "Discourse Perspective plugin",
        "github.com/discourse/discourse-perspective-api",
        "Constant: lib/discourse_perspective.rb:5",
        "GOOGLE_API_DOMAIN = '{base}'",
        "TOXICITY or SEVERE_TOXICITY (perspective_toxicity_model); no language.",
        "An answer with an error counts as 0.0: nothing is flagged, and nothing is logged.",
        note="Rebuild with your copy of the plugin, then post one rude sentence to see that it is flagged.",
        agents=("Discourse/",),
    ),
    Program(
        Kind.COMMENTS,
        "Conversation AI Moderator (OSMOD)",
        "github.com/conversationai/conversationai-moderator",
        "Database: the field endpoint in the JSON of each scorer's service user",
        DISCOVERY,
        "Attributes as set up, with spans; en.",
        UNREAD,
        LEFT_OUT,
        note="It sends the whole article as context: 64 KiB of it are kept, and never fail a call.",
    ),
    Program(
        Kind.COMMENTS,
        "UNA antispam",
        "BxAntispamPerspectiveAPI.php of UNA",
        "Constant: BxAntispamPerspectiveAPI.php:16, BX_ANTISPAM_PERSPECTIVE_API_URL",
        ANALYZE,
        "TOXICITY; no language.",
        "The text counts as not toxic.",
        agents=("UNA ",),
    ),
    Program(
        Kind.BOTS,
        "Red, cog Defender",
        "github.com/Twentysix26/x26-Cogs",
        "Constant: defender/core/automodules.py:38",
        'PERSPECTIVE_API_URL = "{base}/v1alpha1/comments:analyze?key={}"',
        "SEVERE_TOXICITY, or others of eight, two of them without a label here; no language.",
        "A 400 is passed over in silence, another error is logged; the message stays. Gives up after 5 s.",
        LEFT_OUT,
        note="A wrong key is a 400 too: send one rude message after the change.",
    ),
    Program(
        Kind.BOTS,
        "RobloxChatLauncher",
        "github.com/RobloxChatLauncher/RobloxChatLauncher",
        "Constant: server/services/moderationService.js:45",
        "`{base}/v1alpha1/comments:analyze?key=${Env.PERSPECTIVE_API_KEY}`",
        f"{EIGHT}; en.",
        "Every message is blocked.",
        LEFT_OUT,
        note="Sexual content, which two of its attributes looked for, is not filtered any more.",
    ),
    Program(
        Kind.BOTS,
        "Pokémon Showdown",
        "github.com/smogon/pokemon-showdown",
        "Constants: server/artemis/remote.ts:73 (analyze) and :124 (suggestscore)",
        ANALYZE,
        f"{EIGHT}; en.",
        "The message goes unscored, and nothing is asked for 10 seconds.",
        f"{LEFT_OUT} The scope submit for suggestscore; more requests a minute, it sends up to 800.",
    ),
    Program(
        Kind.BOTS,
        "Perspective for SourceMod",
        "github.com/ghostcap-gaming/sm-perspective-api",
        "Constant: perspective-api.sp:7, BASE_URL (compile again)",
        ANALYZE,
        f"{SIX}; no language.",
        "A 400 is passed over, another error is logged; the message stays.",
    ),
    Program(
        Kind.BOTS,
        "Moderation plugin for Dify",
        "github.com/blue-pen5805/dify-plugin-moderation-perspective-api",
        "Constant: tools/moderation.py:23",
        ANALYZE,
        f"{SIX}.",
        "The tool fails with the text of the error.",
    ),
    Program(
        Kind.BOTS,
        "Conversation AI bot for Reddit",
        "github.com/conversationai/conversationai-moderator-reddit",
        "Constant: perspective_reddit_bot/perspective_client.py:22",
        "_PERSPECTIVE_BASE = '{base}/v1alpha1'",
        "The models of its rules.",
        "No score; after a 429 it waits 5 s and tries again without end.",
        LEFT_OUT,
    ),
    Program(
        Kind.BOTS,
        "Firebase extension",
        "github.com/conversationai/firestore-perspective-toxicity",
        "Constant inside the npm client that it uses; an installed extension has no setting for it, so fork it",
        f"`{ANALYZE}?key=${{this.apiKey}}`",
        f"{SIX}.",
        "The document stays without scores; the fault is logged.",
    ),
    Program(
        Kind.BOTS,
        "Google's sample bot for Discord",
        "github.com/google/making_with_ml, discord_moderator",
        "Constructor in perspective.js (its constant DISCOVERY_URL is not used)",
        'new commentanalyzer_v1alpha1.Commentanalyzer({rootUrl: "{base}"})',
        "INSULT, TOXICITY, SPAM, INCOHERENT, FLIRTATION; en.",
        UNREAD,
        LEFT_OUT,
    ),
    Program(
        Kind.BOTS,
        "Perspective simple server",
        "github.com/conversationai/perspectiveapi-simple-server",
        "Constant: src/serving.ts, COMMENT_ANALYZER_DISCOVERY_URL",
        DISCOVERY,
        "The attribute in its configuration; no language. Sends 0 or 1 to suggestscore.",
        "Its caller gets the status and the error.",
        "The scope submit for suggestscore.",
    ),
    Program(
        Kind.BOTS,
        "HELM",
        "github.com/stanford-crfm/helm",
        "Constant: src/helm/clients/perspective_api_client.py:86",
        DISCOVERY,
        "Attributes as configured, with spans, in batches.",
        "The whole batch counts as failed, with the message.",
        "More requests a minute: each part of a batch counts as one.",
    ),
    Program(
        Kind.BOTS,
        "lm-evaluation-harness",
        "github.com/EleutherAI/lm-evaluation-harness",
        "Constant: lm_eval/tasks/realtoxicityprompts/metric.py:13",
        ANALYZE,
        "TOXICITY; en.",
        "Tries three times, then fails.",
    ),
    Program(
        Kind.LIBRARIES,
        "Perspective's client for npm",
        "npm @conversationai/perspectiveapi-js-client 1.0.1",
        "Constant: dist/api.js:76; in JavaScript set the field after new Client(key)",
        f"client.perspectiveApiUrl = `{ANALYZE}?key=${{key}}`",
        "SPAM and TOXICITY unless told otherwise; en.",
        "Throws, without the text of the error. It never gives up waiting.",
        CONSTANT,
        Works.WITH_SETTING,
        "With SPAM left out its result has only TOXICITY: a caller that reads both needs the constant.",
    ),
    Program(
        Kind.LIBRARIES,
        "perspective-api-client",
        "npm perspective-api-client 3.1.0",
        "Constant: index.js:7",
        f"'{ANALYZE}'",
        "TOXICITY; no language unless the caller gives one.",
        "Throws ResponseError with the message. It never gives up waiting.",
    ),
    Program(
        Kind.LIBRARIES,
        "Google's client for Python",
        "PyPI google-api-python-client",
        "Parameter in the caller's code",
        f'discoveryServiceUrl="{DISCOVERY}", static_discovery=False',
        CALLERS,
        "Raises HttpError with the message.",
        note="Its batches (new_batch_http_request) work too.",
        agents=("(gzip) gdcl/",),
    ),
    Program(
        Kind.LIBRARIES,
        "Google's client for Node",
        "npm googleapis",
        "Parameter in the caller's code",
        f'google.discoverAPI("{DISCOVERY}")',
        CALLERS,
        "Throws with the message.",
        note="New versions hold no description of Perspective; older ones take rootUrl in the constructor.",
        agents=("google-api-nodejs-client/",),
    ),
    Program(
        Kind.LIBRARIES,
        "Google's client for Go",
        "google.golang.org/api/commentanalyzer/v1alpha1",
        "Option in the caller's code",
        'option.WithEndpoint("{base}/")',
        CALLERS,
        "Returns the error.",
        agents=("google-api-go-client/",),
    ),
    Program(
        Kind.LIBRARIES,
        "Google's client for PHP",
        "Packagist google/apiclient-services",
        "Second argument in the caller's code",
        'new Google_Service_CommentAnalyzer($client, "{base}/")',
        CALLERS,
        "Throws with the message.",
    ),
    Program(
        Kind.LIBRARIES,
        "pyspective",
        "PyPI pyspective 0.0.2",
        "Constants: pyspective/pyspective.py:15 (analyze) and :52 (suggestscore)",
        ANALYZE,
        f"{EIGHT}; en.",
        "Raises KeyError: 'attributeScores'. It never gives up waiting.",
        LEFT_OUT,
    ),
    Program(
        Kind.LIBRARIES,
        "perspective",
        "PyPI perspective 1.0.3",
        "Attribute in the caller's code",
        'client.api_client.url = "{base}/v1alpha1/{endpoint}"',
        "TOXICITY; no language unless the caller gives one.",
        "Raises HTTPError. It never gives up waiting.",
    ),
    Program(
        Kind.LIBRARIES,
        "perspectiveapi",
        "PyPI perspectiveapi 1.1.0",
        "Constants: perspective/blocking.py:51 and perspective/models.py:98",
        ANALYZE,
        "TOXICITY; en.",
        "Raises KeyError: 'attributeScores'.",
        LEFT_OUT,
    ),
    Program(
        Kind.LIBRARIES,
        "perspective.py",
        "PyPI perspective.py 0.3.4",
        "Constants: perspective/main.py:78 and :128",
        DISCOVERY,
        CALLERS,
        "Raises; where a language is refused, its own message is garbled.",
        CONSTANT,
        Works.WITH_SETTING,
        "It reads every attribute that it asked for.",
    ),
    Program(
        Kind.LIBRARIES,
        "begentle",
        "PyPI begentle 0.1.1",
        "Constant: begentle/__init__.py:27",
        DISCOVERY,
        "TOXICITY.",
        "Raises HttpError.",
    ),
    Program(
        Kind.LIBRARIES,
        "peRspective for R",
        "github.com/favstats/peRspective",
        "Constant: R/prsp_score.R, in its only httr::POST",
        f'"{ANALYZE}?key={{key}}"',
        CALLERS,
        "Stops with status and message.",
        LEFT_OUT,
        note="One language goes out as a bare word, which is taken as a list of one.",
    ),
    Program(
        Kind.LIBRARIES,
        "perspective_api for Ruby",
        "github.com/limbrarchive/perspective_api",
        "Constant: lib/perspective_api/analyse_toxicity.rb:6, ANALYSE_URI",
        ANALYZE,
        CALLERS,
        "Raises RequestError with the body.",
        note="It always speaks TLS: the address here has to begin with https.",
    ),
    Program(
        Kind.LIBRARIES,
        "comment-analyzer for PHP",
        "github.com/bredmor/comment-analyzer",
        "Constant: src/Analyzer.php, API_URL; a subclass may replace it",
        f"const API_URL = '{ANALYZE}';",
        CALLERS,
        "Throws with the message.",
        LEFT_OUT,
    ),
    Program(
        Kind.LIBRARIES,
        "Perspective bundle for Symfony",
        "github.com/freema/perspective-api-bundle",
        "Constant: src/Service/PerspectiveApiService.php:15",
        f"private const API_BASE_URL = '{ANALYZE}';",
        f"{SIX}; its default language (en).",
        "Throws with status and body.",
    ),
    Program(
        Kind.LIBRARIES,
        "perspective_api for Rust",
        "crates.io perspective_api 1.0.0",
        "Constant: src/client/v1alpha1/mod.rs, BASE_URL (fork it)",
        ANALYZE,
        CALLERS,
        UNREAD,
        LEFT_OUT,
    ),
)


def programs_of(kind: Kind, base: str) -> list[dict[str, object]]:
    """List the programs of a kind as a table shows them, with the address of this server in their lines."""
    return [
        {"program": program, "change": program.change.replace("{base}", base)}
        for program in PROGRAMS
        if program.kind is kind
    ]


def program_named(user_agent: str) -> str:
    """Return the name of the program with this user agent, or "" if no known one matches."""
    return next(
        (program.name for program in PROGRAMS if program.agents and user_agent.startswith(program.agents)), ""
    )
