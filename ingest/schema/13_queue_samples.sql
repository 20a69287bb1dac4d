-- One row per look at a live queue.
CREATE TABLE IF NOT EXISTS queue_samples (
    delivery_id           VARCHAR     NOT NULL,
    office                VARCHAR     NOT NULL,
    service               VARCHAR,     -- NULL: the queue serves the whole office
    queue                 VARCHAR,     -- the source's name of it, where an office has several
    observed_at           TIMESTAMPTZ NOT NULL, -- when we looked, or the archive did
    source_time_at        TIMESTAMPTZ, -- the source's own clock; NULL: it shows none
    waiting               INTEGER,
    wait_minutes          DOUBLE,
    wait_minutes_at_least DOUBLE,      -- censored: "more than an hour"
    counters_open         INTEGER,
    state                 VARCHAR     NOT NULL CHECK (state IN ('open', 'closed', 'sold_out', 'unknown'))
);
