"""What every page of the site has around it, as a value for the frame's template."""

from dataclasses import dataclass

from tracker.changelog.places import up

SECTIONS = (
    ("Policies", "index.html"),
    ("Changes", "changes/index.html"),
    ("Search", "search.html"),
    ("Attention", "attention.html"),
    ("Status", "status.html"),
)
SUBSCRIBE = ("Subscribe", "subscribe")  # where a server answers
# What a page may load: its style sheet and its icon, and nothing from elsewhere. frame-ancestors is no part of it:
# a meta element can't say it, so the server sends it as a header.
# https://www.w3.org/TR/CSP3/#meta-element
CSP = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
CSP_WITH_SCRIPT = CSP + "; script-src 'self'; connect-src 'self'"  # the searches of a site without a server


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one page."""

    path: str  # of the page, from the root
    section: str = ""  # which entry of the navigation it stands under
    feeds: tuple[tuple[str, str, str], ...] = ()  # (title, Atom, JSON Feed), from the root
    api: str = ""  # the same as data, from the root; empty: there is none
    static: bool = False  # files alone: no server answers a form
    script: bool = False  # the page has a script of ours
    # A form needs it: under no-referrer a browser sends `Origin: null` with it (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
    referrer: str = "no-referrer"

    @property
    def root(self) -> str:
        """From the page to the root: '' or '../' as often as it takes."""
        return up(self.path)

    @property
    def csp(self) -> str:
        """The page's content security policy."""
        return CSP_WITH_SCRIPT if self.script else CSP

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """The navigation."""
        return SECTIONS if self.static else (*SECTIONS, SUBSCRIBE)
