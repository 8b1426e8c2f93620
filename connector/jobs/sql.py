# ruff: noqa: S608 - only constants of this file are put together; values travel as parameters
"""The statements of the queue that Django's ORM can't say."""

CHANNEL = "jobs"
LOCK = "hashtextextended('job:' || %(key)s, 0)"

ENQUEUE = f"""
WITH gate AS MATERIALIZED (
    SELECT CASE WHEN %(key)s <> '' THEN pg_advisory_xact_lock_shared({LOCK})::text END AS held
), job AS (
    INSERT INTO jobs_job (kind, args, dedupe_key, priority, state, attempts, not_before, holder,
                          created_at, problem)
    SELECT %(kind)s, %(args)s::jsonb, %(key)s, %(priority)s, 'waiting', 0,
           statement_timestamp() + make_interval(secs => %(delay_s)s), '', statement_timestamp(), ''
    FROM gate
    ON CONFLICT (dedupe_key) WHERE state = 'waiting' AND dedupe_key <> '' DO NOTHING
    RETURNING id
)
SELECT CASE WHEN %(wake)s THEN pg_notify('{CHANNEL}', '')::text END FROM job
"""  # nosec B608

BARRIER = f"SELECT pg_advisory_xact_lock({LOCK})"

DUE = """
state = 'waiting' AND not_before <= statement_timestamp() AND (dedupe_key = '' OR NOT EXISTS (
    SELECT 1 FROM jobs_job AS other
    WHERE other.state = 'running' AND other.dedupe_key = job.dedupe_key AND other.dedupe_key <> ''
))
"""

CLAIM = f"""
WITH picked AS (
    SELECT id FROM jobs_job AS job
    WHERE {DUE} AND (%(kinds)s::text[] IS NULL OR (kind = ANY(%(kinds)s) AND attempts = 0))
    ORDER BY priority, not_before, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE jobs_job AS job
SET state = 'running', holder = %(holder)s, attempts = least(attempts, 1000) + 1,
    started_at = statement_timestamp(),
    lease_until = statement_timestamp() + make_interval(secs => %(lease_s)s)
FROM picked WHERE job.id = picked.id
RETURNING job.id, kind, args, dedupe_key, attempts, holder, priority
"""  # nosec B608

RENEW = """
UPDATE jobs_job SET lease_until = statement_timestamp() + make_interval(secs => %(lease_s)s)
WHERE id = ANY(%(ids)s) AND state = 'running' AND holder = %(holder)s RETURNING id
"""

FINISH = """
UPDATE jobs_job SET state = 'done', finished_at = statement_timestamp(), lease_until = NULL
WHERE id = ANY(%(ids)s) AND state = 'running' AND holder = %(holder)s
"""

EXPIRED = """
SELECT id, kind, args, dedupe_key, attempts, holder FROM jobs_job
WHERE state = 'running' AND lease_until < statement_timestamp()
ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
"""

COUNT_DUE = f"SELECT count(*) FROM (SELECT 1 FROM jobs_job job WHERE {DUE} LIMIT %s) f"  # nosec B608

OLDEST_DUE = f"""
SELECT coalesce(extract(epoch FROM statement_timestamp() - min(not_before)), 0)
FROM jobs_job AS job WHERE {DUE}
"""  # nosec B608
