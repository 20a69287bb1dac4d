-- One row per closed figure: what a KPI had come to in a group and period before its looks were deleted.
CREATE TABLE IF NOT EXISTS closed_figures (
    closing_id   VARCHAR NOT NULL,
    facts        VARCHAR NOT NULL, -- kind of rows that were counted, see metrics/facts.py
    kpi          VARCHAR NOT NULL,
    population   VARCHAR NOT NULL, -- see metrics/spans.py
    office       VARCHAR,          -- NULL: all
    service      VARCHAR,          -- NULL: all
    channel      VARCHAR,          -- NULL: all
    grain        VARCHAR NOT NULL,
    period_start DATE    NOT NULL,
    events       BIGINT,
    value        DOUBLE,           -- NULL: none, and reason says why
    n            BIGINT,
    numerator    BIGINT,
    lower        DOUBLE,
    upper        DOUBLE,
    reason       VARCHAR,
    mark         VARCHAR           -- why it is a value like no other
);
