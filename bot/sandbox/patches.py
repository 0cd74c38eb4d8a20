"""Our changes to the files of SimCord's page."""

from collections.abc import Mapping

PAGE_HEAD = (
    '<link rel="icon" href="/page/logo.svg"><link rel="stylesheet" href="/page/page.css">'
    '<script src="/page/page.js"></script><script type="module" src="/page/server.js"></script></head>'
)
OPERATOR_LINK = (
    '<a class="toolbar-button" id="operator" href="/operator/" target="_blank">Operator\'s page</a>'
)
BRAND_MARK = '<img class="brand-mark" src="/page/logo.svg" alt="">'
SERVER = '<nav id="channels" aria-label="Channels"></nav><ul id="members" aria-label="Members"></ul>'
SANDBOX_API = "window.sandbox = { dispatch, snapshot: () => state.snapshot };\n"
REQUIRED_FONT = '  {{ family: "Noto Sans {0}", css: \'normal 16px "Noto Sans {0}"\', sample: "{1}" }},\n'

# Replacements in the preview's own files; a test checks that SimCord still has each original.
PATCHES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "/": (
        ("<title>SimCord Preview</title>", "<title>Doppel's sandbox</title>"),
        ("</head>", PAGE_HEAD),
        ('<details class="session-menu">', OPERATOR_LINK + '<details class="session-menu">'),
        ('<span class="brand-mark" aria-hidden="true">S</span>', BRAND_MARK),
        ('<nav class="message-navigation"', SERVER + '<nav class="message-navigation"'),
        (
            "<strong>SimCord</strong><small>Preview</small>",
            "<strong>Doppel</strong><small>on SimCord</small>",
        ),
    ),
    # Lets our scripts act on the page and read what it shows.
    "/app.js": (
        (
            'Object.defineProperty(window, "simcordPreview"',
            SANDBOX_API + 'Object.defineProperty(window, "simcordPreview"',
        ),
    ),
    # The browser loads these fonts, of twenty megabytes, when it meets a letter of their scripts.
    "/presentation.js": tuple(
        (REQUIRED_FONT.format(script, sample), "")
        for script, sample in (
            ("Arabic", "مرحبا بالعالم"),
            ("Hebrew", "שלום עולם"),
            ("Devanagari", "नमस्ते दुनिया"),
            ("SC", "你好世界"),
        )
    ),
    # The bot edits messages more often than twice a second.
    "/session.js": (("interval = 500", "interval = 150"),),
}


def patched(path: str, content: bytes) -> bytes:
    """Return the file of this path with our changes."""
    for old, new in PATCHES.get(path, ()):
        content = content.replace(old.encode(), new.encode(), 1)
    return content
