"""The worker: django-q2's processes around the rows of connector.jobs."""
