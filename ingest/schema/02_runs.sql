-- One row per attempt of one source, whatever came of it.
CREATE TABLE IF NOT EXISTS runs (
    run_id       VARCHAR     NOT NULL PRIMARY KEY,
    source       VARCHAR     NOT NULL,
    name         VARCHAR,    -- file or address; NULL when the source as a whole is meant
    started_at   TIMESTAMPTZ NOT NULL,
    ended_at     TIMESTAMPTZ NOT NULL,
    outcome      VARCHAR     NOT NULL CHECK (outcome IN ('loaded', 'unchanged', 'failed', 'refused')),
    error        VARCHAR,    -- NULL when all went well; never row contents
    http_status  INTEGER,    -- NULL for folders and when nothing answered
    bytes_read   BIGINT,
    delivery_id  VARCHAR     -- NULL when nothing was loaded
);
