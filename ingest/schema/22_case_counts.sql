-- One row per office, service and period, where only counts of cases exist.
CREATE TABLE IF NOT EXISTS case_counts (
    delivery_id VARCHAR NOT NULL,
    office      VARCHAR NOT NULL,
    service     VARCHAR,
    period_from DATE    NOT NULL,
    period_to   DATE    NOT NULL, -- exclusive
    received    BIGINT,
    decided     BIGINT,
    open_at_end BIGINT
);
