"""What the web server calls."""

import os

from django.core.wsgi import get_wsgi_application

from appliance import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.settings")

application = get_wsgi_application()
memory.close()
