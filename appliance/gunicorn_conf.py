"""How gunicorn serves the console: `gunicorn -c python:appliance.gunicorn_conf --bind ...`.

Everything but the address stands here, so that no box is served without our logs.
"""

from appliance import env

wsgi_app = "appliance.wsgi:application"
logger_class = "appliance.logs.gunicorn.Logger"
loglevel = "warning"

worker_class = "gthread"
workers = env.number("CONNECTOR_WEB_WORKERS", default=2, at_least=1, at_most=32)
threads = env.number("CONNECTOR_WEB_THREADS", default=4, at_least=1, at_most=64)
timeout = 30
graceful_timeout = 10
keepalive = 5
control_socket_disable = True

# Nobody is believed here about scheme, path or address: Django reads the one header of the proxy.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
header_map = "drop"
