from __future__ import annotations

import time

from hookserver.pipeline.answer_excerpt import excerpt

TOMCATS = """<!doctype html><html lang="en"><head><title>HTTP Status 404 \u2013 Not Found</title><style type="text/css">
body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;}</style></head><body>
<h1>HTTP Status 404 \u2013 Not Found</h1><hr class="line" /><p><b>Type</b> Status Report</p>
<p><b>Message</b> The requested resource [&#47;] is not available</p></body></html>"""


def test_a_page_is_reduced_to_its_visible_text() -> None:
    assert excerpt(TOMCATS) == (
        "HTTP Status 404 \u2013 Not Found Type Status Report Message The requested resource [/] is not available"
    )


def test_a_title_comes_first_unless_the_page_begins_with_it() -> None:
    assert excerpt("<html><title>Shop &amp; Co</title><script>var a = '<b>';</script><h1>Sorry") == "Shop & Co Sorry"


def test_plain_text_becomes_one_short_line() -> None:
    assert excerpt('{"status":\n "DOWN", "a<b": 1}') == '{"status": "DOWN", "a<b": 1}'
    assert excerpt("x" * 5000) == "x" * 200 + "…"


def test_a_hostile_page_costs_no_time() -> None:
    began = time.monotonic()
    excerpt("<html>" + "<script" * 10_000 + "<!--" * 10_000 + "<" * 10_000)
    assert time.monotonic() - began < 1
