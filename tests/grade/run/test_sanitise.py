"""Outputs that could do harm in a browser."""

import base64
import re
import time

import pytest

from autograder.grade.run.sanitise import clean_bundle, clean_html, clean_output

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+'>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<div style='position:fixed;top:0'>covers the page</div>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<form action='//evil'><button formaction='javascript:alert(1)'>grade</button></form>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<base href='//evil/'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_runs_or_loads_is_left(payload):
    """Is every element, attribute and address gone that could run or load something?"""
    clean = clean_html(f"<p>before</p>{payload}<p>after</p>")
    tags = re.findall(r"<[^>]*>", clean)
    assert not [
        tag for tag in tags if re.search(r"(?i)script|iframe|object|style|form|meta|base|svg|href|\bon\w+=", tag)
    ]
    assert not [tag for tag in tags if "src" in tag]


def test_tables_and_pictures_stay():
    """Does a DataFrame's table, or a picture inside the page, survive?"""
    table = '<table border="1"><thead><tr><th>a</th></tr></thead><tbody><tr><td colspan="2">1</td></tr></tbody></table>'
    assert clean_html(table) == table
    assert PNG in clean_html(f'<img src="data:image/png;base64,{PNG}">')


@pytest.mark.parametrize(
    ("mime", "value", "kept"),
    [
        ("image/png", PNG, True),
        ("image/png", PNG + '" onerror="alert(1)', False),
        ("image/png", base64.b64encode(b"<svg onload=alert(1)>").decode(), False),
        ("image/svg+xml", "<svg onload=alert(1)/>", False),
        ("application/javascript", "alert(1)", False),
        ("application/vnd.jupyter.widget-view+json", {"model_id": "x"}, False),
        ("text/markdown", "**bold**", True),
        ("text/markdown", "[x](javascript:alert(1))", False),
        ("text/markdown", "<img src=x onerror=alert(1)>", False),
        ("text/latex", "$\\frac{1}{2}$", True),
        ("text/latex", "$\\href{javascript:alert(1)}{x}$", False),
        ("text/latex", "$\\bbox[background:url(//evil)]{x}$", False),
        ("text/latex", "$\\mmlToken{mi}[href='javascript:alert(1)']{x}$", False),
    ],
)
def test_kinds_of_output(mime, value, kept):
    """Is each kind of output kept that is safe, and no other?"""
    assert (mime in clean_bundle({"text/plain": "x", mime: value})) == kept


@pytest.mark.parametrize(
    "html", ["<div>" * 200_000, "".join(f"<font color={number}>" for number in range(50_000))], ids=["div", "font"]
)
def test_hostile_html_is_cleaned_quickly(html):
    """Do tags nested in each other, whose cleaning takes time that grows with their square, give way to the text?"""
    began = time.process_time()
    assert clean_bundle({"text/plain": "x", "text/html": html}) == {"text/plain": "x"}
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "output", [None, 3, "x", {}, {"output_type": "stream"}, {"output_type": "stream", "name": "x", "text": "y"}]
)
def test_what_is_no_output_is_dropped(output):
    """Does anything else than an output vanish?"""
    assert clean_output(output, 1) is None
