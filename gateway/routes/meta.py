"""What the gateway tells about itself: an index, the OpenAPI document, and a page to read it on."""

from __future__ import annotations

import importlib.resources

import orjson
from flask import Blueprint, Response, current_app, send_from_directory

from gateway.openapi import API_VERSION, document_of
from gateway.replies import JSON_TYPE

blueprint = Blueprint("meta", __name__)

_SCALAR = str(importlib.resources.files("flask_openapi3_scalar") / "templates" / "scalar" / "js")
_SCALAR_FILE = "scalar.standalone.js"
_SCALAR_AGE_S = 86_400

# The page runs without the internet: no fonts, no proxy, no registry, no telemetry.
_SCALAR_CONFIGURATION = {
    "withDefaultFonts": False,
    "telemetry": False,
    "hideClientButton": True,
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
    "showDeveloperTools": "never",
}

_DOCS_HTML = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wafa</title>
</head>
<body>
<script id="api-reference" data-url="/openapi.json"
 data-configuration='{orjson.dumps(_SCALAR_CONFIGURATION).decode()}'></script>
<script src="/docs/{_SCALAR_FILE}"></script>
</body>
</html>
"""

# Whatever the bundled page would like to load from elsewhere, the browser will not. It writes its styles into the page.
_DOCS_CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
def index() -> Response:
    """Says what this is and where to read on."""
    links = {"openapi": "/openapi.json", "docs": "/docs"}
    return Response(orjson.dumps({"name": "wafa", "version": API_VERSION, "links": links}), content_type=JSON_TYPE)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document."""
    return Response(document_of(current_app), content_type=JSON_TYPE)


@blueprint.get("/docs")
def docs() -> Response:
    """A page that shows the OpenAPI document."""
    response = Response(_DOCS_HTML, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _DOCS_CSP
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get(f"/docs/{_SCALAR_FILE}")
def docs_file() -> Response:
    """The page's script, bundled with the gateway."""
    return send_from_directory(_SCALAR, _SCALAR_FILE, max_age=_SCALAR_AGE_S)
