-- One row per delivery: what one run of a source brought, and which span it covers.
CREATE TABLE IF NOT EXISTS deliveries (
    delivery_id      VARCHAR     NOT NULL PRIMARY KEY,
    source           VARCHAR     NOT NULL,
    table_name       VARCHAR     NOT NULL, -- where its rows are
    covers_from      TIMESTAMPTZ,          -- NULL, with covers_to: everything the source ever said
    covers_to        TIMESTAMPTZ,          -- exclusive; a look at a live queue covers a microsecond
    content_sha256   VARCHAR     NOT NULL,
    read_with        VARCHAR     NOT NULL, -- hash of the mapping and checks it was read with
    name             VARCHAR     NOT NULL, -- file name or address, without secrets
    etag             VARCHAR,              -- what the address said, to ask again by
    last_modified    VARCHAR,
    received_at      TIMESTAMPTZ NOT NULL, -- no two of one source are the same
    rows_read        BIGINT      NOT NULL,
    rows_loaded      BIGINT      NOT NULL,
    rows_quarantined BIGINT      NOT NULL,
    superseded_at    TIMESTAMPTZ,          -- NULL while it counts
    superseded_by    VARCHAR
);
-- NULL while its rows are there; else when they were deleted, see closings.
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS rows_deleted_at TIMESTAMPTZ;
