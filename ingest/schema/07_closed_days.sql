-- One row per day on which a source's deleted looks told something of an office.
CREATE TABLE IF NOT EXISTS closed_days (
    closing_id VARCHAR NOT NULL,
    source     VARCHAR NOT NULL,
    says       VARCHAR NOT NULL, -- what they told, see metrics/said.py
    office     VARCHAR NOT NULL,
    day        DATE    NOT NULL, -- local
    key        UBIGINT NOT NULL  -- see metrics/told.py
);
