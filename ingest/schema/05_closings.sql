-- One row per deletion of a source's old looks: what they gave was closed before.
CREATE TABLE IF NOT EXISTS closings (
    closing_id   VARCHAR     NOT NULL PRIMARY KEY,
    source       VARCHAR     NOT NULL,
    table_name   VARCHAR     NOT NULL, -- where the looks were
    before_on    DATE        NOT NULL, -- a Monday, local: periods that begin earlier are closed
    looks_before TIMESTAMPTZ NOT NULL, -- its midnight
    keep_months  INTEGER     NOT NULL, -- what the city file said
    closed_at    TIMESTAMPTZ NOT NULL,
    code_version VARCHAR     NOT NULL  -- of what computed the figures
);
