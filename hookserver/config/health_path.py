"""Whether the health page is one of the app's own."""

from __future__ import annotations

from hookserver.config.schema import AppSettings


def health_outside(app: AppSettings) -> str:
    """Why the app's context never answers ``health.path`` well; empty where it may. A Dockerfile's app is anywhere."""
    context, path = app.tomcat.context_path, app.health.path
    if path.startswith(f"{context}/") or app.build.kind == "dockerfile":
        return ""
    why = f"Tomcat sends that on to {context}/" if path == context else f"the app answers only below {context}/"
    remedy = f"leave it out, for {context}/" if path in (context, "/") else f"say {context}{path}"
    return f"health.path counts from the server's root: it is {path}, and {why}; {remedy}"
