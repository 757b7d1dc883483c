"""Whether the app can answer its health path."""

from __future__ import annotations

from hookserver.config.app_schema import AppSettings


def health_outside(app: AppSettings) -> str:
    """Why the app's context cannot answer ``health.path``; empty when it can, or with a Dockerfile, whose context is
    unknown.
    """
    context, path = app.tomcat.context_path, app.health.path
    if path.startswith(f"{context}/") or app.build.kind == "dockerfile":
        return ""
    why = f"Tomcat redirects that to {context}/" if path == context else f"the app answers only below {context}/"
    remedy = f"remove it: the default is {context}/" if path in (context, "/") else f"write {context}{path}"
    return f"health.path counts from the server's root: it is {path}, but {why}; {remedy}"
