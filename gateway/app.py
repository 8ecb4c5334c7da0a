"""The composition root of the gateway: settings → channels → memories → limits → routes behind their checks.

`create_app()` is a factory for `gateway.front` and any other WSGI server. Nothing is connected here: channels open
with the first request, in the process that serves it.
"""

from __future__ import annotations

import os

from flask_openapi3.openapi import OpenAPI

from gateway import checks, errors, openapi, routes
from gateway.addresses import networks_of
from gateway.auth import KeyRing, Resolver
from gateway.clients import Clients
from gateway.config import Config, load
from gateway.invalidations import FILE_VARIABLE
from gateway.limits import limits_of
from gateway.suite import GatewayParts
from gateway.suite import install as install_suite
from gateway.trust import Trust


def create_app(config: Config | None = None) -> OpenAPI:
    """The WSGI application; without a config, the settings of the environment."""
    config = config or load(os.environ)
    clients = Clients(config)
    trust = Trust(config.redis_url, os.environ.get(FILE_VARIABLE, ""))
    app = _bare_app(config)
    install_suite(
        app,
        GatewayParts(
            config,
            clients,
            KeyRing(clients, config, trust),
            Resolver(clients, config, trust),
            limits_of(config),
            trust,
            networks_of(config.trusted_proxies),
        ),
    )
    checks.install(app)
    errors.install(app)
    for blueprint in routes.BLUEPRINTS:
        app.register_api(blueprint)
    app.register_blueprint(routes.META)
    return app


def _bare_app(config: Config) -> OpenAPI:
    app = OpenAPI(
        "gateway",
        info=openapi.INFO,
        security_schemes=openapi.SECURITY_SCHEMES,
        validation_error_model=openapi.Problem,
        validation_error_callback=checks.malformed,
        doc_ui=False,
        static_folder=None,
    )
    app.config.update(
        MAX_CONTENT_LENGTH=config.body_bytes_max,
        # OPTIONS is for browsers, and no browser should hold a key of this suite.
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    # A path with too many slashes is a wrong path; Werkzeug would redirect it with a page of HTML.
    app.url_map.merge_slashes = False
    return app
