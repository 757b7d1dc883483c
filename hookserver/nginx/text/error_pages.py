"""The answer to a visitor when an app does not answer: a static page, which an operator can replace."""

from __future__ import annotations

from pathlib import Path

from hookserver.config import AppSettings, Settings
from hookserver.config.files import FAILURES
from hookserver.nginx.text.syntax import block, quote

ERROR_PAGE = f"error_page {' '.join(map(str, FAILURES))} /.hookserver/$hs_app/$status.html;"


def pages_folder(settings: Settings) -> Path:
    """Where the pages are: the operator's folder, else one of ours."""
    return settings.nginx.error_pages or settings.server.state.nginx / "error-pages"


def error_page_location(settings: Settings, app: AppSettings) -> list[str]:
    """The pages of an app. A form whose replica died leads its visitor back instead.

    Visitors cannot request them: https://nginx.org/en/docs/http/ngx_http_core_module.html#internal
    """
    headers = ["add_header X-Request-Id $hs_request_id always;", "add_header Cache-Control no-store always;"]
    return [
        "",
        *block(
            f"location ^~ /.hookserver/{app.name}/",
            [
                "internal;",
                *block("if ($hs_back)", [*headers, "return 303 $hs_back;"]),
                f"alias {quote(f'{pages_folder(settings)}/')};",
                "types { }",
                'default_type "text/html; charset=utf-8";',
                *headers,
                "add_header Retry-After 5 always;",
            ],
            f"The pages of {app.name} while it is not there. A form that was cut off leads back to its own page.",
        ),
    ]
