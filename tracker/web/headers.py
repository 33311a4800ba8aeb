"""What every answer carries to be safe in a browser, and which hosts and forms are believed."""

from urllib.parse import SplitResult, urlsplit

from tracker.changelog.site import CSP, CSP_WITH_SCRIPT

# https://owasp.org/www-project-secure-headers/ ; frame-ancestors and the rest can't be said in a page's own meta.
SAFE = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-frame-options", "DENY"),
)

LINKS = ("confirm", "manage", "undo", "unsubscribe")  # whoever has a path below may do what it is for


def policy(*, script: bool = False, style: str = "") -> str:
    """The Content-Security-Policy of a page; `style`: the hash of the one style in it, of a page that is one file."""
    told = CSP_WITH_SCRIPT if script else CSP
    if style:
        told = told.replace("style-src 'self'", f"style-src {style}")
    return f"{told}; frame-ancestors 'none'"


def known_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this server: one of `allowed`, or the machine itself where none is set."""
    name = _split(f"//{host}").hostname or ""
    if not allowed:
        return name in ("localhost", "127.0.0.1", "::1")
    return "*" in allowed or name in allowed


def same_site(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Whether a form came from our own page: by Sec-Fetch-Site where the browser says it, else by Origin.

    Neither header: no browser of today, hence nobody's session that could be abused. Source: OWASP, Cross-Site Request
    Forgery Prevention, "Fetch Metadata headers" and "Verifying Origin With Standard Headers".
    """
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    return origin is None or _split(origin).netloc == host


def readable_host(host: str) -> bool:
    """Whether a Host header is one at all: every address of a page is made with it."""
    return not host or bool(_split(f"//{host}").hostname)


def _split(address: str) -> SplitResult:
    """An address in its parts; empty where it has none, such as `//[`."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def place_of(path: str) -> str:
    """A path as a log may have it: of a link that holds a token, all but the token."""
    head, _, rest = path.lstrip("/").partition("/")
    return f"/{head}/***" if rest and head in LINKS else path
