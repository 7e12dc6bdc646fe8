"""What HTML of a student's may be shown to somebody else: tags and attributes that show something and do nothing."""

import re

TAGS = frozenset(
    """a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure
    font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub summary sup
    table tbody td tfoot th thead tr tt u ul var""".split()  # noqa: SIM905 (a list of 60 strings reads worse)
)
ATTRIBUTES = {
    "*": {"align", "title", "dir", "lang", "valign"},
    "a": {"href"},
    "code": {"class"},
    "col": {"span"},
    "colgroup": {"span"},
    "div": {"class"},
    "font": {"color", "size"},
    "img": {"src", "alt", "width", "height"},
    "li": {"value"},
    "ol": {"start"},
    "pre": {"class"},
    "span": {"class"},
    "table": {"border", "class"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = frozenset({"http", "https", "mailto", "data"})
CLASS = re.compile(
    r"highlight|hl|hll|[a-z]{1,2}[0-9]?|dataframe|ansi-[a-z-]+|language-\w+|task-list-item(-checkbox)?|footnotes?"
)


def only_known_classes(value: str) -> str:
    """The classes of highlighted code, tables and lists among those of an element. Others could make it a button."""
    return " ".join(one for one in value.split(" ") if CLASS.fullmatch(one))
