-- One row per application or report, as the source last told us about it.
CREATE TABLE IF NOT EXISTS cases (
    delivery_id        VARCHAR     NOT NULL,
    office             VARCHAR     NOT NULL,
    service            VARCHAR,
    channel            VARCHAR,    -- online, paper, counter, phone, mail; NULL: unknown
    received_at        TIMESTAMPTZ NOT NULL,
    complete_at        TIMESTAMPTZ, -- all papers there; NULL: not yet, or not recorded
    decided_at         TIMESTAMPTZ, -- NULL while open
    closed_at          TIMESTAMPTZ,
    outcome            VARCHAR,     -- granted, refused, withdrawn, done, duplicate; NULL while open
    digital_end_to_end BOOLEAN,
    case_key           VARCHAR     NOT NULL -- keyed hash, never the number itself
);
