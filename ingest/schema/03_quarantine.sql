-- One row per refused row of a delivery, with the rule that refused it.
CREATE TABLE IF NOT EXISTS quarantine (
    delivery_id VARCHAR NOT NULL,
    row_number  BIGINT  NOT NULL, -- in the source's file, header included; 1-based
    field       VARCHAR,          -- NULL when the whole row is meant
    reason      VARCHAR NOT NULL, -- code of a rule in ingest/checks.py
    row_json    VARCHAR NOT NULL  -- the row after privacy.py
);
